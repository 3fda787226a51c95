/** An object without the names of a prototype, so that any key is safe. Cheaper than what `Object.create(null)` makes, which is a hash table from the start. */
export const BareObject = function BareObject() {} as unknown as new <Value>() => Record<string, Value>
BareObject.prototype = Object.create(null)
