/** The report's style: light and dark by the reader's setting, and print. */
export const style = `
:root { color-scheme: light dark; --back: #fff; --card: #f6f7f9; --text: #1c2128; --soft: #57606a; --grid: #d8dee4; --edge: #b6bec8; --good: #116329; --bad: #a40e26; --link: #0550ae;
  --u0: #0a5cc4; --u1: #b04a00; --u2: #17723a; --u3: #7a3ec2; --r0: #0a5cc4; --r1: #b04a00; --r2: #17723a; --r3: #7a3ec2; --r4: #8a6d00; --r5: #57606a; }
@media (prefers-color-scheme: dark) { :root { --back: #0f1318; --card: #181d24; --text: #e8edf2; --soft: #a3adb8; --grid: #2e3640; --edge: #4a5561; --good: #56d364; --bad: #ff8b82; --link: #79b8ff;
  --u0: #6cb0ff; --u1: #ffa657; --u2: #5fd38a; --u3: #cfa8ff; --r0: #6cb0ff; --r1: #ffa657; --r2: #5fd38a; --r3: #cfa8ff; --r4: #e3c04a; --r5: #a3adb8; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem 1rem 4rem; background: var(--back); color: var(--text); font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
h1 { font-size: 1.7rem; margin: 0; } h2 { font-size: 1.35rem; margin: 2.5rem 0 .5rem; border-bottom: 1px solid var(--edge); padding-bottom: .3rem; overflow-wrap: anywhere; }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .4rem; overflow-wrap: anywhere; } figcaption h3 { font-size: 1rem; margin: 0; }
p { margin: .3rem 0; } .soft, figcaption p { color: var(--soft); font-size: .9rem; } a { color: var(--link); }
.verdict { font-size: 1.05rem; border-left: 4px solid var(--u0); padding: .4rem .8rem; background: var(--card); overflow-wrap: anywhere; } .verdict.bad { border-color: var(--bad); color: var(--text); }
.answers { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); gap: .8rem; list-style: none; padding: 0; margin: .8rem 0; }
.answers li { padding: .6rem .8rem; border: 1px solid var(--grid); border-radius: .5rem; font-size: .9rem; } .answers .soft { font-size: .8rem; text-transform: uppercase; letter-spacing: .04em; } .answers strong { display: block; font-size: 1.1rem; }
.sign-of-unit { vertical-align: -2px; margin-right: .4rem; } td.time { min-width: 5rem; } td.time span { display: block; height: .7rem; border-radius: .2rem; background: currentColor; }
ul { margin: .4rem 0; padding-left: 1.3rem; } li { overflow-wrap: anywhere; }
.scroll { overflow-x: auto; max-width: 100%; } .scroll:focus-visible, .mark:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; } caption { text-align: left; color: var(--soft); padding: .2rem 0; }
th, td { text-align: right; padding: .35rem .45rem; border-bottom: 1px solid var(--grid); font-variant-numeric: tabular-nums; white-space: nowrap; }
th:first-child, td:first-child, td.time { text-align: left; } table:has(td.time) th:nth-child(2) { text-align: left; } td.wide { white-space: normal; text-align: left; min-width: 12rem; } .good { color: var(--good); } .bad { color: var(--bad); }
.charts { columns: 2 30rem; column-gap: 1rem; margin: 1rem 0; }
.chart { margin: 0 0 1rem; break-inside: avoid; max-width: 52rem; padding: .8rem; background: var(--card); border: 1px solid var(--grid); border-radius: .5rem; min-width: 0; }
.drawing { display: block; width: 100%; min-width: 28rem; height: auto; font-size: 12.5px; } .drawing text { fill: var(--text); }
.drawing .tick, .drawing .title, .drawing .note { fill: var(--soft); } .drawing .own, .drawing .value { font-weight: 700; } .drawing .value { font-size: 14px; font-variant-numeric: tabular-nums; }
.grid { stroke: var(--grid); } .line { fill: none; stroke-width: 1.5; opacity: .8; } .range { stroke: currentColor; stroke-width: 2; } .quantile { stroke: currentColor; stroke-width: 2; }
.outline { fill: currentColor; opacity: .22; } .pays { stroke: currentColor; stroke-dasharray: 5 4; } .disturbed { fill: none; stroke: var(--bad); stroke-width: 1.5; }
${[0, 1, 2, 3].map((i) => `.unit-${i} { color: var(--u${i}); fill: currentColor; } polyline.unit-${i} { fill: none; stroke: var(--u${i}); }`).join('\n')}
${[0, 1, 2, 3, 4, 5].map((i) => `.rail-${i} { fill: var(--r${i}) !important; }`).join(' ')}
.device-cpu { fill: var(--u0) !important; } .device-gpu { fill: var(--u1) !important; } .device-neuralEngine { fill: var(--u2) !important; } .device-unknown { fill: var(--r5) !important; }
.tops-fp16 { fill: var(--u0); } .tops-int8 { fill: var(--u3); } .tops-unstated, .tops-none { fill: var(--r5); }
.wrong { fill: var(--bad); } .drawing .sign { fill: var(--back); font-weight: 700; }
.mark { cursor: default; } .mark:hover, .mark:focus { filter: brightness(1.2); } .off { display: none; }
.legend { display: flex; flex-wrap: wrap; gap: .4rem; margin: .3rem 0; } .key { display: inline-flex; gap: .35rem; align-items: center; font: inherit; font-size: .85rem; color: var(--text); background: var(--back); border: 1px solid var(--edge); border-radius: 1rem; padding: .1rem .6rem; cursor: pointer; }
.key[aria-pressed=false] { text-decoration: line-through; color: var(--soft); }
details { margin-top: .5rem; } summary { cursor: pointer; color: var(--link); font-size: .9rem; }
#tip { position: fixed; z-index: 9; max-width: 22rem; padding: .35rem .6rem; border-radius: .35rem; background: var(--text); color: var(--back); font-size: .85rem; pointer-events: none; } #tip[hidden] { display: none; }
@media print { body { max-width: none; padding: 0; } .legend, #tip { display: none; } .chart { break-inside: avoid; } .charts { columns: 1; } .scroll { overflow: visible; } .drawing { min-width: 0; } }
@media (prefers-reduced-motion: no-preference) { .mark { transition: filter .1s; } }
`
