// Crashes at every call of random work on the store and on the database, from one seed to the next.
import { crashTests, exploreInRounds, exploring } from '../lib/explore.mjs'

const seeds = 40
/** Images of each crash point: more than in `npm test`. */
const images = 32

export default {
  about: 'Crashes at every call of random work',
  /** @param {{ minutes: number | undefined, next: number }} task */
  run: ({ minutes = 10, next }) =>
    exploreInRounds({
      minutes,
      next,
      seeds,
      round: (first) => [
        {
          args: exploring(crashTests, 'of_random_work'),
          env: {
            STORE_CRASH_FIRST: String(first),
            STORE_CRASH_SEEDS: String(seeds),
            STORE_CRASH_IMAGES: String(images),
          },
        },
      ],
    }),
}
