// `npm start`: this machine's metrics through a pipe of small commands. Until Ctrl-C on a terminal, else for some
// seconds; `npm start -- 30` says how many.

import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'

const root = fileURLToPath(new URL('..', import.meta.url))
const solder = join(root, 'bin', 'solder.js')
const onTerminal = process.stdout.isTTY === true
const asked = Number(process.argv[2])
const seconds = asked > 0 ? asked : onTerminal ? Infinity : 6

const EXPRESSION = 'type == "metric" && labels.cpu in ["", "0", "1"]'
const KEPT = 'demo/host.ndjson'
const SEEN = 'demo/seen.ndjson'

const PIPE = {
  scrape: ['scrape', 'host', '--every', '2s'],
  relabel: ['relabel', 'examples/relabel-host.yaml'],
  filter: ['filter', EXPRESSION],
  write: ['write', 'file', KEPT, '--rotate-bytes', '1MiB', '--keep', '3', '--compress', 'gzip'],
  view: ['view'],
}

const quote = (word) => (/^[\w./:=-]+$/.test(word) ? word : `'${word}'`)
const command = (words) => ['solder', ...words].map(quote).join(' ')
const bold = (text) => (onTerminal && !process.env.NO_COLOR ? `\x1b[1m${text}\x1b[0m` : text)

process.chdir(root)
mkdirSync('demo', { recursive: true })
console.log(`
This machine, every two seconds, through five commands that pass on lines of JSON:

  ${bold(command(PIPE.scrape))} \\
    | ${bold(command(PIPE.relabel))} \\
    | ${bold(command(PIPE.filter))} \\
    | ${bold(`tee -i ${SEEN}`)} >(${bold(command(PIPE.write))}) \\
    | ${bold(command(PIPE.view))}

${seconds === Infinity ? 'Ctrl-C ends it.' : `It ends by itself after ${seconds} seconds.`}
`)
if (!existsSync('/proc/stat')) {
  console.log('This machine has no /proc, so there will be little to see: scrape host reads Linux.\n')
}

const spinner = onTerminal ? await spin('starting') : null
const failures = await run()
spinner?.stop()
tell(failures)
process.exitCode = failures.length === 0 ? 0 : 1

async function spin(text) {
  const { default: ora } = await import('ora')
  // Without `discardStdin`, Ctrl-C stays a signal.
  return ora({ text, discardStdin: false }).start()
}

/** Starts every command as its own process; resolves to what went wrong when all have ended. */
async function run() {
  const start = (words, stdout) =>
    execa(process.execPath, [solder, ...words], { stdout, stderr: 'inherit', buffer: false, reject: false })
  const scrape = start(PIPE.scrape, 'pipe')
  const relabel = start(PIPE.relabel, 'pipe')
  const filter = start(PIPE.filter, 'pipe')
  // Ctrl-C reaches every process of the terminal: tee must outlive it until its input ends, as the stages do.
  const tee = execa('tee', ['-i', SEEN], { stderr: 'inherit', buffer: false, reject: false })
  const write = start(PIPE.write, 'inherit')
  const view = start(PIPE.view, 'inherit')

  const stop = () => scrape.kill('SIGTERM')
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  let timer
  // The seconds count from the first record: before it, there is nothing to see.
  filter.stdout.once('data', () => {
    spinner?.stop()
    if (seconds !== Infinity) timer = setTimeout(stop, seconds * 1000)
  })
  scrape.pipe(relabel)
  relabel.pipe(filter)
  filter.pipe(tee)
  tee.pipe(write)
  tee.pipe(view)
  const ended = await Promise.all([scrape, relabel, filter, tee, write, view])
  clearTimeout(timer)
  return ended.filter((result) => result.failed).map((result) => result.shortMessage)
}

function tell(failures) {
  if (failures.length > 0) {
    console.log(`\nThat did not go well:\n  ${failures.join('\n  ')}`)
    return
  }
  const lines = readFileSync(SEEN, 'utf8').split('\n').length - 1
  console.log(`
What you saw: ${lines} samples. ${SEEN} holds them as tee saw them pass, ${KEPT} as 'write file' keeps them.
The rules are in examples/relabel-host.yaml: change them and start again.

What next ('npm link' puts solder on your PATH; until then it is bin/solder.js):

  solder view < ${KEPT}
  solder filter 'name == "node_load1"' < ${KEPT} | solder view
  solder scrape http://127.0.0.1:9100/metrics | solder write prometheus http://127.0.0.1:9090/api/v1/write
  solder --help
`)
}
