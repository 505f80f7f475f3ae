// receive docker: logs of containers by the Docker Engine API.

import { source } from '../../lib/component.js'
import { collect, Problem, throwAll } from '../../lib/diag/problem.js'
import type { DockerOptions } from '../../lib/receive/docker.js'
import { LABEL_OPTION } from '../../lib/receive/line_options.js'
import { STATE_OPTIONS } from '../../lib/state/options.js'

const since = '0.1.0'

export default source({
  name: 'receive docker',
  summary: 'follow the logs of Docker containers',
  description: `
    Reads the logs of all containers of a Docker daemon, or of anything with its API, and of those that start: each
    line is a log record with the time that the daemon gave it, and the labels container, image and stream (stdout or
    stderr). --label-fields make labels of container labels, --internal-labels of all of them under the names of
    Prometheus's service discovery, for 'solder relabel'. Long lines, which the daemon keeps in parts, are joined.
    Containers that have ended are read to their end. The daemon must keep logs that it can show again: its drivers
    json-file, local or journald.

    With --state it puts a checkpoint behind the lines that it read at once, for each container, and the next run goes
    on behind what was committed. A daemon that goes away is tried again, and read on where it was left.

    The API is spoken over a Unix socket or plain HTTP, not over TLS.`,
  since,
  accepts: [],
  emits: ['log', 'checkpoint'],
  guarantee: `Every line that the daemon shows becomes a record. With --state here and at the sink each is stored at
    least once through any kill, as long as the daemon keeps it; what arrives twice came after the last commit. The
    rest of a line that was cut is lost, and counted ('line_too_long'); the record says so. Without --state each run
    begins as --from says.`,
  args: [],
  options: {
    host: {
      type: 'string', default: 'unix:///var/run/docker.sock', value: 'HOST',
      help: 'the daemon: unix:///PATH or http://HOST:PORT', since,
    },
    container: {
      type: 'list', value: 'NAME', help: 'only the container of this name or id; may be given several times', since,
    },
    container_label: {
      type: 'list', value: 'KEY[=VALUE]', help: 'only containers with this label; may be given several times',
      since,
    },
    from: {
      type: 'enum', values: ['start', 'end'], default: 'start', help: 'where to begin without a committed position',
      since,
    },
    once: { type: 'bool', help: 'end at the end of what there is, rather than follow it', since },
    ...LABEL_OPTION,
    label_fields: {
      type: 'list',
      default: ['compose_project=com.docker.compose.project', 'compose_service=com.docker.compose.service'],
      value: 'LABEL=KEY',
      help: 'container label that becomes a label; may be given several times',
      since,
    },
    internal_labels: { type: 'bool', help: 'add all container labels as labels that begin with __meta_docker_', since },
    ...STATE_OPTIONS,
    max_line_bytes: {
      type: 'bytes', default: '1MiB', help: 'longest line; what is longer is cut, and marked', since,
      group: 'Bounds',
    },
  },
  async check({ options }) {
    throwAll(await wrong(options))
  },
  examples: [
    {
      command: 'solder receive docker --from end | solder view', about: 'what all containers say from now on',
      needs: 'Docker',
    },
    {
      command:
        'solder receive docker --container-label env=prod --state state' +
        ' | solder write loki http://127.0.0.1:3100 --state state',
      about: 'send what those of production say, each run from where the last one came to',
      needs: 'Docker and a Loki',
    },
  ],
  async run({ options }, context) {
    throwAll(await wrong(options))
    const { DockerSource } = await import('../../lib/receive/docker.js')
    const { State } = await import('../../lib/state/state.js')
    const state = options.state === undefined ? null : new State(options.state)
    await new DockerSource(options, state, context).run()
  },
})

async function wrong({ host, label_fields }: DockerOptions): Promise<Problem[]> {
  const { dockerHost } = await import('../../lib/receive/docker_api.js')
  const { LABEL_FIELD } = await import('../../lib/receive/docker.js')
  const problems: Problem[] = []
  await collect(problems, () => dockerHost(host))
  for (const text of label_fields) {
    if (LABEL_FIELD.test(text)) continue
    const expected = 'LABEL=KEY, such as service=com.docker.compose.service'
    problems.push(new Problem(`--label-fields: '${text}' is not valid`, { expected }))
  }
  return problems
}
