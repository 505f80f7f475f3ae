// Detectors of resources: environment and files of a made-up machine, metadata services by stand-ins on loopback.

import { createServer } from 'node:http'
import { mkdirSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import t, { type Test } from 'tap'
import resource from '../../../commands/enrich/resource.js'
import { parseInput } from '../../../lib/cli/command.js'
import type { Component, Context, FilterComponent, IdentityTransform } from '../../../lib/component.js'
import { StageAccount } from '../../../lib/io/account.js'
import { Identity } from '../../../lib/record/identity.js'
import type { Json } from '../../../lib/record/json.js'
import { sh } from '../../support/solder.js'
import { TestClock } from '../../support/clock.js'
import { temporary } from '../../support/temporary.js'

type Attributes = { [name: string]: unknown }

/** A machine in a folder. */
function machine(t: Test, files: { [path: string]: string }): string {
  const root = temporary(t)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(`${root}/${path}`), { recursive: true })
    writeFileSync(`${root}/${path}`, text)
  }
  return root
}

/** What becomes of a resource; the environment is that of this process, with changes. */
async function resourceOf(
  words: string, env: Env = {}, known: Attributes = {},
): Promise<{ resource: Attributes; stderr: string }> {
  const component = resource as unknown as Component
  const told: string[] = []
  const context: Context = {
    stage: component.name, clock: new TestClock(), account: new StageAccount(), signal: new AbortController().signal, reject() {},
    log: { debug() {}, info() {}, warn: (message) => void told.push(message), error() {} },
  }
  const before = Object.fromEntries(Object.keys(env).map((name) => [name, process.env[name]]))
  Object.assign(process.env, env)
  try {
    const stage = (await (component as FilterComponent).create(parseInput(component, words.split(' ')), context)) as IdentityTransform
    const enriched = stage.identity(Identity.of('log', '', [], { resource: known as { [name: string]: Json } }))
    return { resource: (enriched?.rest.resource ?? {}) as Attributes, stderr: told.join('\n') }
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

interface Env {
  [name: string]: string
}

const ID = 'c'.repeat(64)

t.test('host, os, process', async (t) => {
  const root = machine(t, {
    'proc/sys/kernel/hostname': 'node7\n', 'proc/sys/kernel/osrelease': '6.1.0-9-amd64\n', 'etc/machine-id': 'abc123\n',
    'etc/os-release': 'NAME="Debian GNU/Linux"\nVERSION_ID="12"\nPRETTY_NAME="Debian 12"\n',
  })
  const { resource } = await resourceOf(`--root ${root} --detector host --detector os,process`)
  t.match(resource, {
    'host.name': 'node7', 'host.id': 'abc123', 'host.arch': /./, 'os.type': process.platform, 'os.name': 'Debian GNU/Linux', 'os.version': '12',
    'os.description': 'Debian 12', 'os.build_id': '6.1.0-9-amd64', 'process.pid': Number, 'process.runtime.name': 'nodejs',
    'process.runtime.version': process.versions.node,
  })
  t.notOk('process.command_args' in resource, 'which may hold secrets')
  const bare = await resourceOf(`--root ${machine(t, {})} --detector host --attribute host.name,host.id`)
  t.same(bare.resource, {}, 'what is missing is left out')
})

t.test('env, what counts before what, and what is set', async (t) => {
  const env = { OTEL_RESOURCE_ATTRIBUTES: 'a=1, b = x%2Cy%3D%C3%A9 ,service.name=old', OTEL_SERVICE_NAME: 'shop' }
  t.same((await resourceOf('--detector env', env)).resource, { a: '1', b: 'x,y=é', 'service.name': 'shop' })
  const known = { a: 'was', c: 7 }
  t.same((await resourceOf('--detector env --attribute a --set d=e', env, known)).resource, { a: '1', c: 7, d: 'e' })
  t.same((await resourceOf('--detector env --attribute a --set a=f --no-override', env, known)).resource, { a: 'was', c: 7 })
  const bad = await resourceOf('--detector env', { OTEL_RESOURCE_ATTRIBUTES: 'a=1,b', OTEL_SERVICE_NAME: '' })
  t.same(bad.resource, {}, 'one fault, and nothing of it counts')
  t.match(bad.stderr, /env: nothing detected: OTEL_RESOURCE_ATTRIBUTES: 'b' is no name=value/)
  t.match((await resourceOf('--detector env', { OTEL_RESOURCE_ATTRIBUTES: 'a=%zz' })).stderr, /'%zz' is not percent-encoded/)
})

t.test('container: control groups of both versions', async (t) => {
  const cgroups = [
    `12:pids:/docker/${ID}\n`, `0::/system.slice/docker-${ID}.scope\n`, `1:name=systemd:/kubepods/burstable/pod1/${ID}\n`,
    `0::/kubepods.slice/cri-containerd-${ID}.scope\n`, `0::/machine.slice/crio-${ID}.scope\n`,
  ]
  for (const cgroup of cgroups) {
    t.same((await resourceOf(`--root ${machine(t, { 'proc/self/cgroup': cgroup })} --detector container`)).resource, { 'container.id': ID }, cgroup)
  }
  const mounts = `1 2 8:1 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n`
  const v2 = machine(t, { 'proc/self/cgroup': '0::/\n', 'proc/self/mountinfo': mounts })
  t.same((await resourceOf(`--root ${v2} --detector container`)).resource, { 'container.id': ID })
  const podman = machine(t, { 'proc/self/mountinfo': `1 2 8:1 /containers/overlay-containers/${ID}/userdata/hostname /etc/hostname rw\n` })
  t.same((await resourceOf(`--root ${podman} --detector container`)).resource, { 'container.id': ID })
  t.match((await resourceOf(`--root ${machine(t, {})} --detector container`)).stderr, /container: nothing detected/)
})

t.test('k8s: variables and files of the downward API', async (t) => {
  const root = machine(t, {
    'podinfo/labels': 'app="shop"\ntier="a\\"b"\n', 'podinfo/annotations': 'note="x"', 'podinfo/name': 'from-file', 'podinfo/uid': 'u1',
    'var/run/secrets/kubernetes.io/serviceaccount/namespace': 'prod',
  })
  const { resource } = await resourceOf(`--root ${root} --podinfo ${root}/podinfo --detector k8s`, { POD_NAME: 'shop-1', K8S_NODE_NAME: 'n1' })
  t.same(resource, {
    'k8s.pod.name': 'shop-1', 'k8s.node.name': 'n1', 'k8s.pod.uid': 'u1', 'k8s.namespace.name': 'prod', 'k8s.pod.label.app': 'shop',
    'k8s.pod.label.tier': 'a"b', 'k8s.pod.annotation.note': 'x',
  })
  const none = `--root ${root}/none --podinfo ${root}/none --detector k8s`
  const common = { NODE_NAME: 'n2', CONTAINER_NAME: 'c', POD_IP: '', CLUSTER_NAME: '', NAMESPACE: '' }
  t.match((await resourceOf(none, { ...common, KUBERNETES_SERVICE_HOST: '' })).stderr, /k8s: nothing detected/, 'names that are anybody\'s')
  t.same((await resourceOf(none, { ...common, KUBERNETES_SERVICE_HOST: '10.0.0.1' })).resource, { 'k8s.node.name': 'n2', 'k8s.container.name': 'c' })
})

/** A metadata service: answers by method and path, and what it was asked. */
async function service(
  t: Test, answers: { [request: string]: string | number },
): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const headers = ['x-aws-ec2-metadata-token', 'metadata-flavor', 'metadata'].flatMap((name) => request.headers[name] ?? [])
    asked.push(`${request.method} ${request.url} ${headers.join(' ')}`.trim())
    const answer = answers[`${request.method} ${request.url}`] ?? 404
    if (typeof answer === 'number') response.writeHead(answer).end()
    else if (answer !== 'hang') response.writeHead(200).end(answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

t.test('ec2: a token first', async (t) => {
  const document = { accountId: '1234', region: 'eu-central-1', availabilityZone: 'eu-central-1a', instanceId: 'i-1', imageId: 'ami-1', instanceType: 'm5.large', pendingTime: null }
  const { url, asked } = await service(t, {
    'PUT /latest/api/token': 'TOKEN', 'GET /latest/dynamic/instance-identity/document': JSON.stringify(document), 'GET /latest/meta-data/hostname': 'ip-10-0-0-1.internal',
  })
  const { resource, stderr } = await resourceOf(`--timeout 30s --detector ec2 --ec2-url ${url}/`)
  t.same(resource, {
    'cloud.provider': 'aws', 'cloud.platform': 'aws_ec2', 'cloud.account.id': '1234', 'cloud.region': 'eu-central-1', 'cloud.availability_zone': 'eu-central-1a',
    'host.id': 'i-1', 'host.image.id': 'ami-1', 'host.type': 'm5.large', 'host.name': 'ip-10-0-0-1.internal',
  })
  t.equal(stderr, '')
  t.same(asked, ['PUT /latest/api/token', 'GET /latest/dynamic/instance-identity/document TOKEN', 'GET /latest/meta-data/hostname TOKEN'])
})

t.test('gcp: digits of the id, the cluster if there is one', async (t) => {
  const base = 'GET /computeMetadata/v1'
  const { url, asked } = await service(t, {
    [`${base}/project/project-id`]: 'shop-1', [`${base}/instance/id`]: '5390573890214837501', [`${base}/instance/name`]: 'vm-1',
    [`${base}/instance/hostname`]: 'vm-1.c.shop-1.internal', [`${base}/instance/zone`]: 'projects/7/zones/europe-west3-c',
    [`${base}/instance/machine-type`]: 'projects/7/machineTypes/n2-standard-4', [`${base}/instance/attributes/cluster-name`]: 'blue',
  })
  t.same((await resourceOf(`--timeout 30s --detector gcp --gcp-url ${url}`)).resource, {
    'cloud.provider': 'gcp', 'cloud.platform': 'gcp_kubernetes_engine', 'cloud.account.id': 'shop-1', 'cloud.availability_zone': 'europe-west3-c',
    'cloud.region': 'europe-west3', 'host.id': '5390573890214837501', 'host.name': 'vm-1', 'host.type': 'n2-standard-4', 'gcp.gce.instance.name': 'vm-1',
    'gcp.gce.instance.hostname': 'vm-1.c.shop-1.internal', 'k8s.cluster.name': 'blue',
  })
  t.ok(asked.every((request) => request.endsWith(' Google')))
})

t.test('azure', async (t) => {
  const compute = { location: 'westeurope', name: 'vm-1', vmId: 'v-1', vmSize: 'Standard_D2', subscriptionId: 's-1', resourceGroupName: 'rg', vmScaleSetName: '', zone: '1', tagsList: [] }
  const { url, asked } = await service(t, { 'GET /metadata/instance/compute?api-version=2021-12-13&format=json': JSON.stringify(compute) })
  t.match((await resourceOf(`--timeout 30s --detector azure --azure-url ${url}`)).resource, {
    'cloud.provider': 'azure', 'cloud.platform': 'azure_vm', 'cloud.account.id': 's-1', 'cloud.region': 'westeurope', 'cloud.availability_zone': '1', 'host.id': 'v-1',
    'host.name': 'vm-1', 'host.type': 'Standard_D2', 'azure.vm.scaleset.name': undefined, 'azure.resourcegroup.name': 'rg',
  })
  t.match(asked[0], / true$/)
})

t.test('a service that does not answer well is told, and the others count', async (t) => {
  const { url } = await service(t, { 'PUT /latest/api/token': 'hang', 'GET /computeMetadata/v1/project/project-id': 500, 'GET /metadata/instance/compute?api-version=2021-12-13&format=json': 'no json' })
  const env = { OTEL_SERVICE_NAME: 'shop', OTEL_RESOURCE_ATTRIBUTES: '' }
  const late = await resourceOf(`--detector ec2,env --ec2-url ${url} --timeout 50ms`, env)
  t.same(late.resource, { 'service.name': 'shop' })
  t.match(late.stderr, /ec2: nothing detected: .*50ms/)
  const { resource, stderr } = await resourceOf(`--detector gcp,azure,env --gcp-url ${url} --azure-url ${url} --timeout 30s`, env)
  t.same(resource, { 'service.name': 'shop' })
  t.match(stderr, /gcp: nothing detected: .*status 500/)
  t.match(stderr, /azure: nothing detected: .*expected a document of JSON/)
  const closed = await resourceOf('--detector ec2 --ec2-url http://127.0.0.1:1')
  t.match(closed.stderr, /ec2: nothing detected: .*ECONNREFUSED/)
})

t.test('every type that has a resource gets it, and others pass', async (t) => {
  const lines = ['span', 'log', 'metric', 'profile', 'target'].map((type) => JSON.stringify({ type, ts: '1', body: 'x', value: 1 }))
  const { stdout } = await sh('solder enrich resource --detector env', { stdin: lines.join('\n'), env: { OTEL_SERVICE_NAME: 'shop' } })
  t.same(stdout.trim().split('\n').map((line) => (JSON.parse(line) as { resource?: unknown }).resource !== undefined), [true, true, true, true, false])
})
