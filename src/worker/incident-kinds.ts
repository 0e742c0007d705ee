/** The kinds of incidents that are rows of `allo.incidents`. */
export const incidentKinds = ['stale_data', 'credentials', 'data_quality'] as const
export type IncidentKind = (typeof incidentKinds)[number]
