/** The ways to install and run the package that docs/deploying.md promises. */
export interface Way {
  readonly name: string
  /** Files of the folder before the installation. */
  readonly files: Readonly<Record<string, string>>
  /** Commands that install the tarball. */
  readonly install: (tarball: string) => readonly (readonly string[])[]
  /** The command that runs the program, to which arguments are added. */
  readonly program: (tarball: string) => readonly string[]
  /** Neither the embedded Postgres nor the Node of the package can run: it needs a DATABASE_URL, and Node 22. */
  readonly runsNoBinaries?: boolean
}

/** What the ways need, from the registry: package managers, and Nodes as packages. */
export const tools: Readonly<Record<string, string>> = {
  npm: '10.8.2',
  pnpm: '12.21.0',
  '@yarnpkg/cli-dist': '4.18.1',
  bun: '1.4.5',
}
export const nodes: Readonly<Record<string, string>> = { 20: '20.20.2', 22: '22.23.2', 24: '24.21.0' }

const yarn = (linker: string): Pick<Way, 'files' | 'install'> => ({
  // Its own yarn.lock makes a folder the root of a project.
  files: {
    'package.json': '{}',
    'yarn.lock': '',
    '.yarnrc.yml': `nodeLinker: ${linker}\nenableTelemetry: false\n`,
  },
  install: (tarball) => [['yarn', 'add', `allo-queue-mirror@file:${tarball}`]],
})

export const ways: readonly Way[] = [
  {
    name: 'npm',
    files: {},
    install: (tarball) => [['npm', 'install', '--no-audit', '--no-fund', tarball]],
    program: () => ['npx', 'allo-queue-mirror'],
  },
  {
    name: 'npm --global',
    files: {},
    install: (tarball) => [
      ['npm', 'install', '--global', '--prefix=global', '--no-audit', '--no-fund', tarball],
    ],
    program: () => ['global/bin/allo-queue-mirror'],
  },
  {
    name: 'npx',
    files: {},
    install: () => [],
    program: (tarball) => ['npx', '--yes', `--package=${tarball}`, 'allo-queue-mirror'],
  },
  {
    name: 'pnpm',
    files: {},
    // Otherwise it ends with an error, because it runs no script of a package that was not approved. None is needed.
    install: (tarball) => [['pnpm', 'add', '--ignore-scripts', tarball]],
    program: () => ['pnpm', 'exec', 'allo-queue-mirror'],
  },
  { name: 'yarn, node-modules', ...yarn('node-modules'), program: () => ['yarn', 'allo-queue-mirror'] },
  {
    name: 'yarn, pnp',
    ...yarn('pnp'),
    program: () => ['yarn', 'allo-queue-mirror'],
    runsNoBinaries: true,
  },
  {
    name: 'bun',
    files: {},
    install: (tarball) => [['bun', 'add', tarball]],
    program: () => ['bunx', 'allo-queue-mirror'],
  },
]
