/** Do something that may be refused, and keep why. */
import { type Ref, ref } from 'vue'
import { Failure } from '../api/client'

export interface Attempt {
  failure: Ref<Failure | null>
  /** True once the last one went well. */
  done: Ref<boolean>
  run: (work: () => Promise<unknown>) => Promise<boolean>
}

export function useAttempt(): Attempt {
  const failure = ref<Failure | null>(null) as Ref<Failure | null>
  const done = ref(false)

  async function run(work: () => Promise<unknown>): Promise<boolean> {
    failure.value = null
    done.value = false
    try {
      await work()
      done.value = true
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      failure.value = error
    }
    return done.value
  }

  return { failure, done, run }
}
