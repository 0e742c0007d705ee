import type { Random } from './random.ts'
import type { Place } from './roster.ts'
import type { Person, Queue, TeamState } from './team-state.ts'

/** Chooses at random from the team as it is now; with `only`, from what this teammate has. Null: nothing fits. */
export interface Chooser {
  readonly random: Random
  person(fits: (person: Person) => boolean, only?: string): Person | null
  queue(only?: string): ChosenQueue | null
  number(only?: string): ChosenNumber | null
}

export interface ChosenQueue {
  readonly userId: string
  readonly queue: Queue
}

export interface ChosenNumber extends ChosenQueue, Place {}

export function createChooser(team: TeamState): Chooser {
  const { random } = team
  let everyone: Person[] = []

  function person(fits: (person: Person) => boolean, only?: string): Person | null {
    if (only !== undefined) {
      const found = team.people.get(only)
      return found && fits(found) ? found : null
    }
    if (everyone.length !== team.people.size) everyone = [...team.people.values()]
    for (let attempt = 0; attempt < 12; attempt += 1) {
      const found = random.pick(everyone)
      if (fits(found)) return found
    }
    return null
  }

  function queue(only?: string): ChosenQueue | null {
    const holder = person(({ isOnTeam, queueId }) => isOnTeam && queueId !== null, only)
    const held = team.queues.get(holder?.queueId ?? '')
    return holder && held ? { userId: holder.id, queue: held } : null
  }

  function number(only?: string): ChosenNumber | null {
    const chosen = queue(only)
    if (!chosen || chosen.queue.roster.length === 0) return null
    return { ...chosen, ...random.pick(chosen.queue.roster) }
  }

  return { random, person, queue, number }
}
