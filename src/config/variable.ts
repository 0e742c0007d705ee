/** What is known of one environment variable. */
import type { z } from 'zod'
import type { Check } from './secret.ts'

interface Described {
  readonly name: string
  /** What an unset variable means, as one would write it. */
  readonly default?: string
  /** Words for the default where there is nothing to write. */
  readonly shown?: string
  /** The end of a sentence, in Markdown. */
  readonly meaning: string
  /** Makes it a secret: the parts of the text that must not be shown, besides the whole of it. */
  readonly secretParts?: (text: string) => readonly string[]
}

export interface PlainVariable extends Described {
  readonly parse: z.ZodType
}

/** May stand in NAME, or in the file that NAME_FILE names. */
export interface FileVariable extends Described {
  readonly check: Check
  readonly fileMeaning: string
  readonly secretParts: (text: string) => readonly string[]
}

export type Variable = PlainVariable | FileVariable

export interface VariableTree {
  readonly [field: string]: Variable | VariableTree
}

export function isVariable(node: Variable | VariableTree): node is Variable {
  return typeof node.name === 'string'
}

/** In the order of the tree. */
export function leavesOf(tree: VariableTree): Variable[] {
  return Object.values(tree).flatMap((node) => (isVariable(node) ? [node] : leavesOf(node)))
}
