// What stages have in common that hold nothing back: each record goes on, as whatever it has become, when it comes.

import type { Pass, StatefulTransform } from './component.js'
import type { Record } from './record/record.js'

export abstract class AtOnce implements StatefulTransform {
  abstract take(record: Record, order: number, pass: Pass): void

  held(): number {
    return Infinity
  }

  due(): number {
    return Infinity
  }

  tick(): void {}

  flush(): void {}
}
