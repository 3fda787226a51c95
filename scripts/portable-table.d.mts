type Tables = Readonly<Record<string, Readonly<Record<string, unknown>>>>
export function withTable(text: string, name: string, table: string): string
export function milTable(families: Tables, opsets: Readonly<Record<string, Readonly<Record<string, string>>>>): string
type LayerKinds = readonly { name: string; number: number }[]
export function layerTable(kinds: LayerKinds, families: Tables, control: readonly string[]): string
export function updated(
  text: string,
  modules: { families: Tables; layerKinds: LayerKinds; layerFamilies: Tables; controlFlowKinds: readonly string[] },
): string
