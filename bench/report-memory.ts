/** Loaded before the program of a measured process: tells the bench, at its end, the most memory it ever held. */
import { writeSync } from 'node:fs'

process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS * 1024)))
