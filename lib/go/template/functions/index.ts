// All functions of templates. What reaches outside (env, getHostByName, files), makes keys or is random is not among
// them.

import type { TemplateFunction } from '../function.js'
import { ENCODING_FUNCTIONS } from './encoding.js'
import { LIST_FUNCTIONS } from './list.js'
import { NUMBER_FUNCTIONS } from './number.js'
import { TEXT_FUNCTIONS } from './text.js'
import { TIME_FUNCTIONS } from './time.js'

export const FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map([
  ...TEXT_FUNCTIONS, ...NUMBER_FUNCTIONS, ...LIST_FUNCTIONS, ...ENCODING_FUNCTIONS, ...TIME_FUNCTIONS,
])
