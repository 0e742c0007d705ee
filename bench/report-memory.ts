/** Loaded before the program of a measured process. At its end it reports the peak memory to the bench. */
import { writeSync } from 'node:fs'

process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS * 1024)))
