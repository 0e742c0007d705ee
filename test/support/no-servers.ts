/** In a fast test, opening a port, a connection or a process throws. */
import { ChildProcess } from 'node:child_process'
import { Server, Socket } from 'node:net'

const refuse = (what: string) => () => {
  throw new Error(`${what} does not belong into a .fast.test.ts`)
}

Object.assign(Server.prototype, { listen: refuse('a server') })
Object.assign(Socket.prototype, { connect: refuse('a connection') })
Object.assign(ChildProcess.prototype, { spawn: refuse('a process') })
