// Which label names are valid: any UTF-8 text, as Prometheus 3 has it, or the older letters, digits and underscores.

export type NameScheme = 'utf8' | 'legacy'

const LEGACY = /^[a-zA-Z_][a-zA-Z0-9_]*$/
/**
 * A legacy name in which references to groups may stand; there is one way to read each text, so it cannot backtrack.
 */
const LEGACY_TEMPLATE = /^(?:[a-zA-Z_]|\$(?:\{\w+\}|\w))(?:\w|\$(?:\{\w+\}|\w))*$/

export function isLabelName(name: string, scheme: NameScheme): boolean {
  return scheme === 'legacy' ? LEGACY.test(name) : name !== '' && name.isWellFormed()
}

/** Whether a template can make valid names; UTF-8 names may hold dollar signs and braces themselves. */
export function isNameTemplate(template: string, scheme: NameScheme): boolean {
  return scheme === 'legacy' ? LEGACY_TEMPLATE.test(template) : isLabelName(template, scheme)
}
