/** `localhost`, 127.0.0.0/8 or ::1, as a URL or a socket writes it: what is sent there stays on this machine. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost\.?|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)
}
