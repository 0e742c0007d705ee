/** The files of `deploy/`: valid for the tools that read them, and in agreement with the program. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Deployment } from 'kubernetes-models/apps/v1'
import { CronJob } from 'kubernetes-models/batch/v1'
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { Service, ServiceAccount } from 'kubernetes-models/v1'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { ourNames } from '../src/config/variables.ts'

const models = { CronJob, Deployment, NetworkPolicy, PodDisruptionBudget, Service, ServiceAccount }
const kind = z.object({
  kind: z.enum([
    'CronJob',
    'Deployment',
    'NetworkPolicy',
    'PodDisruptionBudget',
    'Service',
    'ServiceAccount',
  ]),
})

const folder = new URL('../deploy/', import.meta.url)
const manifests = readdirSync(new URL('kubernetes/', folder))
  .filter((name) => name !== 'kustomization.yaml')
  .flatMap((name) =>
    parseAllDocuments(read(`kubernetes/${name}`)).map((document) => ({
      name,
      document: document.toJS() as unknown,
    })),
  )
  .map(({ name, document }) => ({ name, document, kind: kind.parse(document).kind }))
const units = readdirSync(new URL('systemd/', folder)).filter((name) => name.endsWith('.service'))

function read(name: string): string {
  return readFileSync(new URL(name, folder), 'utf8')
}

test.each(manifests)(
  'the $kind of $name is valid by the schemas of Kubernetes',
  ({ document, kind: name }) => {
    const Model = models[name]
    // The schemas say what a manifest may be; this is about any.
    expect(() => new Model(document as never).validate()).not.toThrow()
  },
)

test('a manifest with a wrong type is found', () => {
  const [{ document } = { document: null }] = manifests.filter((one) => one.kind === 'Deployment')
  const wrong = structuredClone(document) as { spec: { replicas: unknown } }
  wrong.spec.replicas = 'one'
  expect(() => new Deployment(wrong as never).validate()).toThrow(/replicas/)
})

describe('every setting', () => {
  test.each(manifests)('in the $kind of $name exists', ({ document }) => {
    const names = [...JSON.stringify(document).matchAll(/"name":"([A-Z][A-Z_]+)"/g)].map(
      ([, name = '']) => name,
    )
    expect(names.filter((name) => !ourNames.has(name))).toEqual([])
  })

  test('of the worker in docker-compose.yml exists', () => {
    const { worker } = parse(read('../docker-compose.yml')).services
    const names = Object.keys(worker.environment)
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => !ourNames.has(name))).toEqual([])
  })

  test.each(units)('in %s exists', (unit) => {
    const names = [...read(`systemd/${unit}`).matchAll(/^Environment=(\w+)=/gm)].map(([, name = '']) => name)
    expect(names.length).toBeGreaterThan(0)
    expect(names.filter((name) => !ourNames.has(name))).toEqual([])
  })
})

describe('the name of the organization', () => {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const textOf = (path: string) => readFileSync(join(root, path), 'utf8')
  const [, owner = ''] = /github\.com\/([^/]+)\/allo-queue-mirror/.exec(textOf('package.json')) ?? []
  const made = ['node_modules', '.git', '.cache', '.data', 'dist', 'coverage', 'migrations']
  const files = readdirSync(root)
    .filter((name) => !made.includes(name))
    .flatMap((name) =>
      statSync(join(root, name)).isDirectory()
        ? readdirSync(join(root, name), { recursive: true }).map((path) => join(name, String(path)))
        : [name],
    )
    .filter((path) => statSync(join(root, path)).isFile())
  const addresses = (path: string) =>
    [...textOf(path).matchAll(/(?:github\.com|ghcr\.io)\/([\w-]+)\/allo-queue-mirror/g)].map(
      ([, name]) => name,
    )

  test('is the same wherever an address of this project has it', () => {
    for (const path of files) expect(new Set([owner, ...addresses(path)]), path).toEqual(new Set([owner]))
  })

  test('is replaced everywhere by the command of CONTRIBUTING.md', () => {
    const [, named = ''] = /git grep -l your-organization -- (.*)\)/.exec(textOf('CONTRIBUTING.md')) ?? []
    const replaced = named.split(' ')
    const others = files.filter(
      (path) =>
        addresses(path).length > 0 && !replaced.some((one) => path === one || path.startsWith(`${one}/`)),
    )
    expect(replaced).toContain('package.json')
    expect(others).toEqual([])
  })
})
