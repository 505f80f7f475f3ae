// Tests to run, and what is said of them: the Test Anything Protocol (testanything.org). What is
// said is the same in versions 13 and 14; prove(1) refuses 14.

import { withoutSecrets } from '../diag/hidden.js'

/** Why a test failed: a text for each word, such as `message` and `diff`. */
export type Failure = ReadonlyMap<string, string>

export interface Test {
  readonly name: string
  /** Ends soon after `stop` aborts. null: it passed. */
  run(stop: AbortSignal): Promise<Failure | null>
}

/** Runs tests one after the other, and says of each how it ended; how many failed. */
export async function runTests(
  tests: readonly Test[],
  print: (text: string) => void | Promise<void>,
  stop: AbortSignal,
): Promise<number> {
  await print(`TAP version 13\n1..${tests.length}\n`)
  let failed = 0
  for (const [i, test] of tests.entries()) {
    const failure = await test.run(stop)
    if (stop.aborted) {
      await print('Bail out! asked to stop\n')
      return failed + tests.length - i
    }
    if (failure !== null) failed++
    await print(`${failure === null ? 'ok' : 'not ok'} ${i + 1} - ${described(test.name)}\n`)
    if (failure !== null) await print(diagnostics(failure))
  }
  await print(`# ${tests.length - failed} of ${tests.length} passed\n`)
  return failed
}

/** A name as it may stand behind the dash: `#` would begin a directive. */
function described(name: string): string {
  return name.replace(/[\\#]/g, '\\$&').replace(/\s+/g, ' ')
}

/** A block of YAML; every text is a literal one, so that nothing in it means anything. */
function diagnostics(failure: Failure): string {
  const lines = [...failure].flatMap(([word, text]) => [
    `  ${word}: |2-`,
    ...visible(withoutSecrets(text)).split('\n').map((line) => `    ${line}`),
  ])
  return ['  ---', ...lines, '  ...'].map((line) => `${line}\n`).join('')
}

/** Control characters do not stand in YAML, and would move the cursor of a terminal. */
function visible(text: string): string {
  return text.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
