/** The settings of a queue: when one of them changes, a new version of the queue begins. */
import type { Queue } from '../../allo/types.ts'
import type { queues } from '../schema.ts'

/** Without `updated_at`, because it can change alone. */
export const settingNames = ['name', 'creatorId', 'assigneeId', 'voicemailHandling', 'doNotDisturb'] as const

export type QueueSettings = Pick<typeof queues.$inferSelect, (typeof settingNames)[number]>

export function settingsOf(queue: Queue): QueueSettings {
  const { name, creatorId, assigneeId, voicemailHandling, doNotDisturb } = queue
  return { name, creatorId, assigneeId, voicemailHandling, doNotDisturb }
}

export function haveSameSettings(one: QueueSettings, other: QueueSettings): boolean {
  return settingNames.every((setting) => one[setting] === other[setting])
}
