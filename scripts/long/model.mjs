// Random work against models, from one seed to the next, and stores of more than a gigabyte.
import { exploreInRounds, exploring, modelTests } from '../lib/explore.mjs'

/** Seeds of a round; those of the database take five times as long. */
const seeds = 1000
const databaseSeeds = 250
const largeMegabytes = 1100

export default {
  about: 'Random work against models',
  /** @param {{ minutes: number | undefined, next: number }} task */
  run: ({ minutes = 10, next }) =>
    exploreInRounds({
      minutes,
      next,
      seeds,
      round: (first) => [
        {
          args: exploring(modelTests, 'random_work'),
          env: {
            STORE_MODEL_FIRST: String(first),
            STORE_MODEL_SEEDS: String(seeds),
            MODEL_FIRST: String(first),
            MODEL_SEEDS: String(databaseSeeds),
          },
        },
        {
          args: exploring(['store_model_large']),
          env: { STORE_MODEL_FIRST: String(first), STORE_MODEL_LARGE_MB: String(largeMegabytes) },
        },
      ],
    }),
}
