/** What a page thinks of the data: shown by a sign and a colour. */
export const tones = ['good', 'warning', 'bad'] as const
export type Tone = (typeof tones)[number]

/** The line of each sign, in a square of 36 units. */
export const signPaths: Readonly<Record<Tone, string>> = {
  good: 'M11 18.5l5 5 9-10',
  warning: 'M18 10v10M18 25.5v.5',
  bad: 'M12.5 12.5l11 11M23.5 12.5l-11 11',
}
