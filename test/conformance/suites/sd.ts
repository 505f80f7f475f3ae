// Runs the suites sd_target_group, sd_file and sd_http.

import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Files } from '../../../lib/discovery/files.js'
import { filePattern } from '../../../lib/discovery/glob.js'
import { groupText, parseGroup, type TargetGroup } from '../../../lib/discovery/group.js'
import { Known, type PlacedGroup } from '../../../lib/discovery/known.js'
import { acceptsContentType, Web } from '../../../lib/discovery/web.js'
import type { HttpClient } from '../../../lib/net/client.js'
import type { Case } from '../suite.js'

type Labels = { [name: string]: string }

interface Group {
  source?: string
  targets: Labels[] | null
  labels: Labels | null
}

const MAX_BYTES = 1 << 20

function shownGroup({ source, targets, labels }: PlacedGroup): Group {
  return {
    source,
    targets: targets === null ? null : targets.map((target) => Object.fromEntries(target)),
    labels: labels && Object.fromEntries(labels),
  }
}

function shownDocument({ targets, labels }: TargetGroup): Group {
  return { targets: targets.map((address) => ({ __address__: address })), labels: Object.fromEntries(labels) }
}

export async function targetGroup(test: Case): Promise<void> {
  if (test.kind === 'json_marshal') {
    const { targets, labels } = test.group as Group
    const group = {
      targets: (targets ?? []).map((target) => target.__address__),
      labels: new Map(Object.entries(labels ?? {})),
    }
    assert.deepEqual(JSON.parse(groupText(group)), JSON.parse(test.expected as string))
    return
  }
  const format = test.kind === 'json_unmarshal' ? 'json' : 'yaml'
  const { group, error } = test.expected as { group?: Group; error?: string }
  const parsed = parseGroup(test.input as string, format, 'group')
  if (error !== undefined) await assert.rejects(parsed, { name: /^Problems?$/ })
  // No labels and an empty map of labels are the same to whoever reads a group.
  else assert.deepEqual(shownDocument(await parsed), { targets: group!.targets ?? [], labels: group!.labels ?? {} })
}

interface FileStep {
  op: 'write' | 'remove'
  file: string
  content?: string
  expected: { groups?: Group[]; update?: boolean | string }
}

export async function file(test: Case): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'solder-sd-'))
  const here = (path: string) => path.replaceAll('/sd/', `${folder}/`)
  try {
    const known = new Known('__meta_filepath')
    const files = new Files(
      (test.files as string[]).map((glob) => filePattern(here(glob))),
      known,
      MAX_BYTES,
    )
    const groups = new Map<string, Group>()
    for (const { op, file: name, content, expected } of test.steps as FileStep[]) {
      const path = here(name)
      if (op === 'remove') rmSync(path)
      else {
        writeFileSync(`${path}.new`, content!)
        renameSync(`${path}.new`, path)
      }
      const updates = (await files.refresh()).groups.map(shownGroup)
      for (const group of updates) groups.set(group.source!, group)
      if (expected.update === false) assert.deepEqual(updates, [])
      if (expected.groups !== undefined)
        assert.deepEqual([...groups.values()], JSON.parse(here(JSON.stringify(expected.groups))))
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface Response {
  status?: number
  content_type?: string
  body?: string
}

export async function http(test: Case): Promise<void> {
  if (test.kind === 'content_type') {
    assert.equal(acceptsContentType(test.header as string), (test.expected as { accepted: boolean }).accepted)
    return
  }
  const responses = test.responses as Response[]
  const refreshes = (Array.isArray(test.expected) ? test.expected : [test.expected]) as (Group[] | { error: string })[]
  let asked = 0
  const client: HttpClient = {
    request: async () => {
      const { status = 200, content_type: type = '', body = '' } = responses[asked++]
      return { status, headers: new Map([['content-type', type]]), body: Buffer.from(body) }
    },
    close: async () => {},
  }
  const web = new Web(
    { url: test.url as string, every: 30_000, timeout: 1000, maxBytes: MAX_BYTES },
    new Known('__meta_url'),
    client,
  )
  for (const groups of refreshes) {
    if (Array.isArray(groups)) assert.deepEqual((await web.refresh()).map(shownGroup), groups)
    else await assert.rejects(web.refresh(), { name: /^Problems?$/ })
  }
}
