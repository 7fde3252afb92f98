import type { Board } from '@/api/types'
import { colours, font, ink, tooltip } from './echarts'

export interface HourWords {
  received: string
  released: string
  yesterday: string
  target: string
}

type Hour = Board['hours'][number]

/** The working hours: from the first to the last hour with anything in it today or yesterday, at least 08–19. */
export function workingHours(hours: readonly Hour[]): Hour[] {
  const busy = hours.filter((h) => h.received > 0 || h.released > 0 || h.yesterday > 0).map((h) => h.hour)
  const from = Math.min(8, ...busy)
  const to = Math.max(19, ...busy)
  return hours.filter((h) => h.hour >= from && h.hour <= to)
}

/** Received and released per hour, yesterday dotted, the target a dashed line, the running hour faded because it is not over. */
export function hoursOption(board: Board, nowHour: number, words: HourWords) {
  const hours = workingHours(board.hours)
  const bar = (name: string, color: string, of: (h: Hour) => number) => ({
    name, type: 'bar' as const, barMaxWidth: 26, barGap: '10%', itemStyle: { color, borderRadius: [3, 3, 0, 0] },
    data: hours.map((h) => ({ value: h.hour > nowHour ? null : of(h), itemStyle: h.hour === nowHour ? { opacity: 0.5 } : undefined })),
  })
  const received = bar(words.received, colours.received, (h) => h.received)
  const line = { silent: true, symbol: 'none', lineStyle: { color: colours.target, type: 'dashed' as const, width: 2 }, label: { formatter: words.target, color: '#8a4b00', fontSize: 14, fontFamily: font, position: 'end' as const }, data: [{ yAxis: board.target_per_hour }] }
  return {
    animationDuration: 300,
    aria: { enabled: true },
    textStyle: { fontFamily: font },
    grid: { left: 8, right: 92, top: 14, bottom: 4, containLabel: true },
    tooltip: { ...tooltip, trigger: 'axis' as const, axisPointer: { type: 'shadow' as const } },
    xAxis: { type: 'category' as const, data: hours.map((h) => `${String(h.hour).padStart(2, '0')}:00`), axisTick: { show: false }, axisLine: { lineStyle: { color: ink.axis } }, axisLabel: { color: ink.soft, fontSize: 14 } },
    yAxis: { type: 'value' as const, minInterval: 1, splitLine: { lineStyle: { color: ink.grid } }, axisLabel: { color: ink.soft, fontSize: 14 }, max: (v: { max: number }) => (v.max < board.target_per_hour ? Math.ceil((board.target_per_hour * 1.1) / 100) * 100 : null) },
    series: [
      board.target_per_hour > 0 ? { ...received, markLine: line } : received,
      bar(words.released, colours.released, (h) => h.released),
      { name: words.yesterday, type: 'line' as const, smooth: 0.35, symbol: 'none', lineStyle: { type: 'dotted' as const, width: 2.5, color: colours.yesterday }, itemStyle: { color: colours.yesterday }, data: hours.map((h) => h.yesterday) },
    ],
  }
}
