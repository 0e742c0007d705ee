/** A duration as people say it: `45 s`, `12 min`, `3 h 5 min`, `2 days`. */
export function inWords(seconds: number): string {
  if (seconds < 90)
    return seconds < 10 && seconds % 1 !== 0 ? `${seconds.toFixed(1)} s` : `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} days`
}
