import type { Board } from '@/api/types'
import { colours, font, ink, tooltip } from './echarts'

type Row = Board['ageing'][number]

/** How long pieces have waited in quarantine, by cause: four ages stacked, the sum at the end. */
export function ageingOption(rows: readonly Row[], causes: string[], buckets: string[]) {
  const sums = rows.map((r) => r.buckets.reduce((a, b) => a + b, 0))
  const most = Math.max(1, ...sums)
  return {
    animationDuration: 300,
    aria: { enabled: true },
    textStyle: { fontFamily: font },
    grid: { left: 8, right: 56, top: 4, bottom: 4, containLabel: true },
    tooltip: { ...tooltip, trigger: 'axis' as const, axisPointer: { type: 'none' as const } },
    xAxis: { type: 'value' as const, max: most, axisLabel: { show: false }, splitLine: { lineStyle: { color: ink.grid } } },
    yAxis: { type: 'category' as const, inverse: true, data: causes, axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: ink.text, fontSize: 15 } },
    series: [0, 1, 2, 3].map((i) => ({
      name: buckets[i], type: 'bar' as const, stack: 'age', barWidth: 26,
      itemStyle: { color: colours.age[i], borderColor: '#fff', borderWidth: 1 },
      data: rows.map((r) => r.buckets[i] ?? 0),
      label: {
        show: true, fontSize: 13, fontWeight: 'bold' as const, color: i === 1 || i === 3 ? '#fff' : ink.text,
        formatter: (p: { value: unknown }) => (Number(p.value) / most > 0.045 ? String(p.value) : ''), // a number that does not fit its bar is in the tooltip
      },
    })).concat([
      {
        name: '', type: 'bar' as const, stack: 'age', barWidth: 26, itemStyle: { color: 'transparent', borderColor: 'transparent', borderWidth: 0 }, data: rows.map(() => 0),
        label: { show: true, position: 'right', fontSize: 15, fontWeight: 'bold' as const, color: ink.text, formatter: (p: { dataIndex: number }) => String(sums[p.dataIndex] ?? '') },
        tooltip: { show: false },
      } as never,
    ]),
  }
}
