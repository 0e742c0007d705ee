export async function runDemo(_: { once: boolean }): Promise<0> {
  return 0
}
