import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chips } from '../../src/chips/catalogue.ts'
import type { CompareResult, MeasuredUnit } from '../../src/measure/result.ts'
import { durationText } from '../../src/measure/words.ts'
import { htmlReport } from '../../src/report/html/report.ts'
import { browserPath, launch, open } from './browser.ts'
import { macResult } from './fixture.ts'

const one = macResult()
const several = [
  macResult({ names: ['MobileNetV2', 'ResNet50'] }),
  macResult({ chip: 'M1', speed: 0.5, createdAt: '2026-11-21T08:00:00.000Z', names: ['MobileNetV2'] }),
]

/** Marks that each chart of one result must have, counted in the JSON. */
function expectedMarks(result: CompareResult): Record<string, number> {
  const units = result.models[0]!.units.filter((unit): unit is MeasuredUnit => unit.status === 'measured')
  const sum = (count: (unit: MeasuredUnit) => number) => units.reduce((all, unit) => all + count(unit), 0)
  return {
    distribution: units.length,
    timeline: sum(({ steady }) => steady.blocks.length),
    breakEven: units.length + sum(({ breakEven }) => (breakEven.status === 'after' ? 1 : 0)),
    energy: sum(({ energy }) => ('rails' in energy ? Object.keys(energy.rails).length : 0)),
    placement: sum(({ placement }) => ('perOperation' in placement ? placement.perOperation.length : 0)),
    accuracy: sum(({ accuracy }) => (accuracy.status === 'checked' ? accuracy.outputs.length : 0)),
    sustained: sum(({ sustained }) => ('windows' in sustained ? sustained.windows.length : 0)),
    chips: chips.length,
  }
}

test('no free text of a result is markup in the page', () => {
  const free = /^(name|operator|reason|reasons|verdict|notes?|unavailable|cpu|chip|shows|how|message|disturbed|osRelease|node|against)$/
  const evil = (value: unknown, isFree = false): unknown => {
    if (typeof value === 'string') return isFree ? `${value}<img>` : value
    if (Array.isArray(value)) return value.map((item) => evil(item, isFree))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => {
        if (key !== 'rails') return [key, evil(item, free.test(key))]
        return [key, Object.fromEntries(Object.entries(item as object).map(([rail, figure]) => [`${rail}<img>`, figure]))]
      }),
    )
  }
  const page = htmlReport([evil(one) as CompareResult])
  expect(page).toContain('&lt;img&gt;')
  expect(page).not.toContain('<img')
})

test('the page is whole: it asks for nothing, and texts of a model cannot break out', () => {
  const evil = structuredClone(one)
  evil.models[0]!.name = '<img src=x onerror=alert(1)> & "quotes"'
  const page = htmlReport([evil])
  expect(page).not.toContain('<img')
  expect(page).toContain('&lt;img src=x onerror=alert(1)&gt; &amp; &quot;quotes&quot;')
  expect(page).not.toMatch(/(?:src|href)="(?!data:|#)/)
  expect(page).not.toMatch(/https?:\/\//)
})

test('times of 0, as a coarse clock gives them, have a place in every chart', () => {
  const fast = structuredClone(one)
  for (const unit of fast.models[0]!.units) {
    if (unit.status !== 'measured') continue
    const { steady, phases } = unit
    for (const figure of [steady.median, steady.p90, steady.p99, steady.minimum]) figure.value = 0
    steady.median.interval = [0, 0]
    for (const block of steady.blocks) Object.assign(block, { median: 0, samples: block.samples.map(() => 0) })
    for (const figure of Object.values(phases)) if ('value' in figure) figure.value = 0
  }
  const mixed = structuredClone(one)
  for (const unit of mixed.models[0]!.units) if (unit.status === 'measured') unit.steady.minimum.value = 0
  for (const results of [[mixed], [fast], [one, fast]]) expect(htmlReport(results)).not.toMatch(/NaN|Infinity/)
})

describe.skipIf(browserPath === undefined)('in a browser (skipped without Chromium: apt-get install chromium)', () => {
  let browser: Browser
  let folder: string
  const files: Record<'one' | 'several', string> = { one: '', several: '' }

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'coreml-bridge-report-'))
    for (const [name, results] of [
      ['one', [one]],
      ['several', several],
    ] as const) {
      const file = path.join(folder, `${name}.html`)
      writeFileSync(file, htmlReport(results))
      files[name] = pathToFileURL(file).href
    }
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('every chart has as many marks as the result has values', async () => {
    const { page, errors, requests } = await open(browser, files.one)
    const marks = await page.evaluate(
      `Object.fromEntries([...document.querySelectorAll('.chart')].map((chart) => [chart.dataset.chart, chart.querySelectorAll('.mark').length]))`,
    )
    expect(marks).toEqual(expectedMarks(one))
    expect(errors).toEqual([])
    expect(requests).toEqual([])
    await page.context().close()
  })

  test('values are in the accessibility tree, the crash and the missing energy with their reasons', async () => {
    const { page } = await open(browser, files.one)
    const tree = await page.locator('body').ariaSnapshot()
    for (const unit of one.models[0]!.units) {
      if (unit.status !== 'measured') continue
      expect(tree).toContain(`${unit.units}: median ${durationText(unit.steady.median.value)}, 95 % interval`)
      for (const block of unit.steady.blocks)
        expect(tree).toContain(`${unit.units}, block ${block.round + 1}: ${durationText(block.median)}`)
    }
    expect(tree).toContain('crashed: SIGKILL (first prediction)')
    expect(tree).toContain('op_3 (conv) planned for Neural Engine')
    await expect(page.getByText('the energy counters read zero for everything').first().textContent()).resolves.toContain('unavailable')
    await page.context().close()
  })

  test('arrow keys go from mark to mark, the name of the focused one shows, and legends switch units off', async () => {
    const { page, errors } = await open(browser, files.one)
    const chart = page.locator('[data-chart=timeline]')
    const focused = () => page.evaluate<string>(`document.activeElement?.getAttribute('aria-label') ?? ''`)
    await chart.locator('.mark[tabindex="0"]').focus()
    const first = await focused()
    expect(first).toMatch(/^cpuOnly, block 1:/)
    await page.keyboard.press('ArrowRight')
    expect(await focused()).toMatch(/^cpuOnly, block 2:/)
    expect(await page.locator('#tip').textContent()).toBe(await focused())
    expect(await page.locator('#tip').isVisible()).toBe(true)
    await page.keyboard.press('End')
    expect(await focused()).toMatch(/^cpuAndNeuralEngine, block 10:/)
    await page.keyboard.press('Home')
    expect(await focused()).toBe(first)
    // Tab leaves the chart's marks instead of visiting all of them.
    await page.keyboard.press('Tab')
    expect(await page.evaluate('document.activeElement?.tagName')).toBe('SUMMARY')
    const key = chart.getByRole('button', { name: 'cpuOnly' })
    await key.focus()
    await page.keyboard.press('Space')
    expect(await key.getAttribute('aria-pressed')).toBe('false')
    expect(await chart.locator('.mark:visible').count()).toBe(20)
    await page.keyboard.press('Space')
    expect(await chart.locator('.mark:visible').count()).toBe(30)
    expect(errors).toEqual([])
    await page.context().close()
  })

  test('the name of a focused mark stays with it when the page scrolls, that of a pointed one goes', async () => {
    const { page } = await open(browser, files.one)
    const mark = page.locator('[data-chart=timeline] .mark[tabindex="0"]')
    const tip = page.locator('#tip')
    const gap = async () => (await mark.boundingBox())!.y - (await tip.boundingBox())!.y
    const scrolled = () => page.evaluate(`new Promise((done) => { addEventListener('scroll', done, { once: true }); scrollBy(0, -40) })`)
    await mark.focus()
    const before = await gap()
    await scrolled()
    expect(await tip.isVisible()).toBe(true)
    expect(await gap()).toBeCloseTo(before, 0)
    await mark.blur()
    await mark.hover()
    expect(await tip.isVisible()).toBe(true)
    await scrolled()
    expect(await tip.isVisible()).toBe(false)
    await page.context().close()
  })

  test('results of several machines are side by side', async () => {
    const { page, requests } = await open(browser, files.several)
    expect(await page.locator('section[id^=model-]').count()).toBe(2)
    const across = page.locator('[data-chart=across]')
    expect(await across.count()).toBe(1)
    expect(await across.locator('.mark').count()).toBe(6)
    const tree = await page.locator('body').ariaSnapshot()
    for (const result of several) {
      const cpu = result.models[0]!.units[0] as MeasuredUnit
      expect(tree).toContain(
        `Apple ${result.machine.chip}, ${result.createdAt.slice(0, 10)}, cpuOnly: ${durationText(cpu.steady.median.value)}`,
      )
    }
    expect(requests).toEqual([])
    await page.context().close()
  })

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const)('axe finds nothing, nothing sticks out (%s, %d wide)', async (colorScheme, width) => {
    const { page, errors } = await open(browser, files.several, { colorScheme, width })
    await page.addScriptTag({ content: readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8') })
    const violations = await page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }
      return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)
    })
    expect(violations).toEqual([])
    expect(errors).toEqual([])
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    if (process.env.REPORT_SCREENSHOTS)
      await page.screenshot({ path: path.join(process.env.REPORT_SCREENSHOTS, `report-${colorScheme}-${width}.png`), fullPage: true })
    await page.context().close()
  })
})
