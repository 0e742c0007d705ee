/** The settings of a queue: when one of them changes, a new version of the queue begins. */
import type { Queue } from '../../allo/types.ts'
import type { queues } from '../schema.ts'

/** `updated_at` is not among them: a touch is not a change. */
export const settingNames = ['name', 'creatorId', 'assigneeId', 'voicemailHandling', 'doNotDisturb'] as const

export type QueueSettings = Pick<typeof queues.$inferSelect, (typeof settingNames)[number]>

export function settingsOf(queue: Queue): QueueSettings {
  const { name, creatorId, assigneeId, voicemailHandling, doNotDisturb } = queue
  return { name, creatorId, assigneeId, voicemailHandling, doNotDisturb }
}

export function haveSameSettings(one: QueueSettings, other: QueueSettings): boolean {
  return settingNames.every((setting) => one[setting] === other[setting])
}
