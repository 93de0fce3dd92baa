/**
 * Whether a client that would hold `own` of `total`, beside the `others`, leaves enough for the next client: at most half of
 * what the others do not hold. So no client can take everything with what cannot be taken from it again, and neither can a
 * few: each one leaves half of what it found.
 */
export const leavesReserve = (own: number, others: number, total: number): boolean => own <= (total - others) / 2
