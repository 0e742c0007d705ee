/** Work waits at the gate, from when it reaches it until the gate is opened. */
export function openGate() {
  let reach: (isReached: true) => void = () => undefined
  let open: () => void = () => undefined
  const isReached = new Promise<true>((resolve) => {
    reach = resolve
  })
  const isOpen = new Promise<void>((resolve) => {
    open = resolve
  })
  return {
    isReached,
    open: () => open(),
    reached() {
      reach(true)
      return isOpen
    },
  }
}
