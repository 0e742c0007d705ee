/** A minimal response of the API about a queue. */
export interface QueueAnswerParts {
  readonly numbers?: readonly object[]
  readonly queue?: object
  readonly total?: number | null
  readonly hasMore?: boolean
}

export function queueAnswer({
  numbers = [{}],
  queue = {},
  total = numbers.length,
  hasMore = false,
}: QueueAnswerParts) {
  return {
    data: numbers.map((fields, position) => ({ position, ...fields })),
    queue: { id: 'q', ...queue },
    pagination: { has_more: hasMore, total_count: total },
  }
}
