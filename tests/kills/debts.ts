// What is to be put in order even where this process is told to end in the middle of its work.

const debts = new Set<() => void>()

/** Has `settle` called at the end of this process, unless what is returned was called before. */
export function owe(settle: () => void): () => void {
  debts.add(settle)
  return () => debts.delete(settle)
}

process.on('exit', () => {
  for (const settle of debts) settle()
})
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => process.exit(1))
}
