// Only the parts the boards draw with: the whole of ECharts is four times as large.
import { BarChart, LineChart } from 'echarts/charts'
import { AriaComponent, GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import { use } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

use([BarChart, LineChart, GridComponent, MarkLineComponent, TooltipComponent, AriaComponent, CanvasRenderer])

export { default as Chart } from 'vue-echarts'

export const ink = { text: '#0b1626', soft: '#45566c', grid: '#e2e8f0', axis: '#b6c2d1' }
export const colours = {
  received: '#1452b8', released: '#2f9e6a', yesterday: '#5d6d82', target: '#c87400',
  age: ['#8fb4e8', '#3f7fd3', '#f0a800', '#b8121b'] as const,
}

export const font = 'PingFang SC, Microsoft YaHei, Noto Sans CJK SC, Segoe UI, sans-serif'

/** Tooltips are drawn on the canvas: the HTML kind writes style attributes, which the content security policy forbids. */
export const tooltip = { renderMode: 'richText' as const, confine: true, backgroundColor: '#112a46', borderWidth: 0, padding: [8, 12], textStyle: { color: '#fff', fontSize: 14, fontFamily: font } }
