// windowsevent: extracts the description and the sections of a Windows event's message.

import { Problem } from '../../diag/problem.js'
import { defineStage } from '../definition.js'
import { labelNameOf, textOf } from '../text.js'
import { EVENT_OPTIONS } from './eventlogmessage.js'

export default defineStage({
  name: 'windowsevent',
  options: EVENT_OPTIONS,
  prepare({ source, drop_invalid_labels, overwrite_existing }) {
    if (source === '') throw new Problem('invalid label name: ', { expected: 'the name of a field' })
    return () => ({
      process(entry) {
        const value = entry.get(source)
        if (value === undefined) return undefined
        const text = textOf(value)
        if (text === undefined) return 'invalid_message'
        readEvent(text, (name, written) => {
          let key = name.replace(/[\t\r\n ]/g, '')
          // Any text is a name, but not what was no UTF-8.
          if (key === '' || key.includes('\ufffd')) {
            if (drop_invalid_labels) return
            key = labelNameOf(key)
          }
          if (!overwrite_existing && entry.get(key) !== undefined) key += '_extracted'
          entry.set(key, written.replace(/[\t\r\n]/g, '').trim())
        })
        return undefined
      },
    })
  },
})

/** Sections are parted by empty lines; the first one is the description. */
function readEvent(text: string, field: (key: string, value: string) => void): void {
  const [description, ...sections] = text.split('\r\n\r\n')
  field('Description', description)
  for (const section of sections) readSection(section.split('\r\n'), field)
}

/** Lines of `key: value`. A title in the first line, `Subject:`, stands before the keys of its section. */
function readSection(lines: readonly string[], field: (key: string, value: string) => void): void {
  let title = ''
  for (let at = 0; at < lines.length; ) {
    const line = lines[at++]
    const colon = line.indexOf(':')
    if (colon < 0) continue
    const key = line.slice(0, colon)
    let value = line.slice(colon + 1)
    if (value === '') {
      if (at === 1) title = key
      continue
    }
    // What has no colon belongs to the value before it.
    while (at < lines.length && lines[at] !== '' && !lines[at].includes(':')) value += `,${lines[at++]}`
    field(title === '' ? key : `${title}_${key}`, value)
  }
}
