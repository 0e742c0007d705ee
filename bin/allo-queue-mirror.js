#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// A checkout runs its TypeScript as it stands; the published package has no src and runs what tsc made of it.
import { existsSync } from 'node:fs'

const source = new URL('../src/cli.ts', import.meta.url)
const { main } = await import(existsSync(source) ? source.href : new URL('../dist/cli.js', import.meta.url).href)
await main(process.argv)
