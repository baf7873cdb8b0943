// One process of the engine benchmark: `worker.js TASK THREADS SETTINGS`, results by message to the parent. Thread counts have
// processes of their own, so that no pool of one is alive while the other is timed. A task loads only what it needs: one of
// them measures the memory of its process.

/** What a process is asked for, as JSON in its third argument. */
export interface WorkerSettings {
  networks: string[]
  /** Per network and input. */
  seconds: number
  /** Most windows of an input. */
  windows: number
}

const [task, threads, settings] = process.argv.slice(2) as [keyof typeof TASKS, string, string]

const TASKS = {
  async compare(threads: number, { networks, ...effort }: WorkerSettings) {
    const { compareNetwork } = await import('./compare.js')
    const { NETWORKS } = await import('./networks.js')
    for (const name of networks) {
      const entry = NETWORKS.find((network) => network.name === name)!
      const results = await compareNetwork(entry, { threads, ...effort })
      if (results === undefined)
        process.stderr.write(`bench: ${name} left out: its files are not here\n`)
      for (const result of results ?? []) await tell(result)
    }
  },
  async growth(threads: number, { seconds }: WorkerSettings) {
    const { benchGrowth } = await import('./growth.js')
    for (const result of await benchGrowth(threads, seconds)) await tell(result)
  },
  async rates(threads: number, { seconds }: WorkerSettings) {
    const { benchEventRates } = await import('./growth.js')
    for (const result of await benchEventRates(threads, seconds)) await tell(result)
  },
  async calls() {
    const { benchCalls } = await import('./growth.js')
    await tell(await benchCalls())
  },
  async memory() {
    const { replayMemory } = await import('./memory.js')
    await tell(await replayMemory())
  },
}

await TASKS[task](Number(threads), JSON.parse(settings) as WorkerSettings)

function tell(result: unknown): Promise<void> {
  return new Promise((done) => process.send!(result, () => done()))
}
