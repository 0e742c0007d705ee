import { fileURLToPath } from 'node:url'

/** The program as a clone starts it. */
export const checkoutExecutable = fileURLToPath(new URL('../../bin/allo-queue-mirror.js', import.meta.url))

/** The program that tests start: the bundle that the global setup made. The benchmark and chaos start the checkout. */
export const executable = process.env.TEST_EXECUTABLE ?? checkoutExecutable
