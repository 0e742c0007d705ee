/**
 * The package as a library. What stands here is contract, and nothing else of the package is:
 *
 *   takeSnapshot   reads one teammate's queue, complete and proven, without a database
 *   runPass        runs one pass, as the command `sync` does
 *   ReportingRows  the rows of schema `reporting`
 *
 * It reads neither the environment nor `.env`, prints nothing and handles no signals. It sends Allo GET only.
 * Each function rejects with a MirrorFailure, or with the reason of an aborted signal.
 */
export type { Fetch } from '../allo/fetch.ts'
export type { Queue, QueueNumber } from '../allo/types.ts'
export type { AlloAccess } from './access.ts'
export { MirrorFailure } from './mirror-failure.ts'
export type { PgPool } from './pool-url.ts'
export type { ReportingRows } from './reporting-rows.ts'
export { type PassOptions, type PassResult, runPass } from './run-pass.ts'
export { type SnapshotOptions, type TeammateSnapshot, takeSnapshot } from './take-snapshot.ts'
