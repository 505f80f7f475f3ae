// An export of profiles of OTLP as the schema has it, in JSON: two of a shop's and one of a bank's, with a dictionary
// for all.

/** Function names of the stacks of each profile. */
export const FRAMES = { cpu: ['pay', 'main'], heap: ['alloc', 'main'], bank: ['secret'] } as const

const TRACE = '5b8efff798038103d269b633813fc60c'
const STRINGS = ['', 'cpu', 'nanoseconds', 'heap', 'bytes', 'pay', 'alloc', 'main', 'secret', 'shop.js', 'thread.name', 'service.name', 'bank']
const at = (text: string) => STRINGS.indexOf(text)
const type = (name: string, unit: string) => ({ typeStrindex: at(name), unitStrindex: at(unit) })

/** Without defaults; a fresh one, to be spoilt. */
export function profilesExport() {
  return {
    resourceProfiles: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
        scopeProfiles: [
          {
            scope: { name: 'ebpf', version: '1.2' },
            profiles: [
              {
                sampleType: type('cpu', 'nanoseconds'),
                samples: [{ stackIndex: 1, attributeIndices: [1], linkIndex: 1, values: ['9007199254740993'], timestampsUnixNano: ['1763804400123456789'] }],
                timeUnixNano: '1763804400000000000',
                durationNano: '10000000000',
                periodType: type('cpu', 'nanoseconds'),
                period: '20000000',
                profileId: 'ab'.repeat(16),
                originalPayloadFormat: 'pprof',
                originalPayload: 'AAEC',
              },
              { sampleType: type('heap', 'bytes'), samples: [{ stackIndex: 2, values: ['512'] }], timeUnixNano: '1763804400000000000' },
            ],
          },
        ],
        schemaUrl: 'https://opentelemetry.io/schemas/1.37.0',
      },
      {
        resource: { attributes: [{ keyStrindex: at('service.name'), value: { stringValueStrindex: at('bank') } }] },
        scopeProfiles: [
          { profiles: [{ sampleType: type('cpu', 'nanoseconds'), samples: [{ stackIndex: 3, values: ['-1'] }], timeUnixNano: '1763804400000000000' }] },
        ],
      },
    ],
    dictionary: {
      mappingTable: [{}, { memoryStart: '4096', memoryLimit: '8192', filenameStrindex: at('shop.js'), attributeIndices: [1] }],
      locationTable: [{}, ...[1, 2, 3, 4].map((functionIndex) => ({ mappingIndex: 1, address: '18446744073709551615', lines: [{ functionIndex, line: '7' }] }))],
      functionTable: [{}, ...['pay', 'alloc', 'main', 'secret'].map((name) => ({ nameStrindex: at(name), filenameStrindex: at('shop.js') }))],
      linkTable: [{}, { traceId: TRACE, spanId: 'eee19b7ec3c1b174' }],
      stringTable: STRINGS,
      attributeTable: [{}, { keyStrindex: at('thread.name'), value: { stringValue: 'worker' } }],
      stackTable: [{}, { locationIndices: [1, 3] }, { locationIndices: [2, 3] }, { locationIndices: [4] }],
    },
  }
}
