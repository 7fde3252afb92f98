/** A control barcode of the printable sheet; both languages are printed, so that one sheet serves every clerk. */
export interface Control {
  data: string
  zh: string
  en: string
  hint?: { zh: string; en: string }
}

export interface Group {
  zh: string
  en: string
  span: 3 | 4 // twelfths of the sheet's width that one control takes
  controls: Control[]
}

/** Long codes get half a sheet: below a quarter of a millimetre per module, worn scanners stop reading. */
export const spanOf = (g: Group, c: Control) => (c.data.length > 24 ? 8 : c.data.length > 16 ? 6 : c.data.length > 11 ? 4 : g.span)

const c = (data: string, zh: string, en: string, hintZh = '', hintEn = ''): Control => ({ data, zh, en, ...(hintZh ? { hint: { zh: hintZh, en: hintEn } } : {}) })

export const groups: Group[] = [
  {
    zh: '收货', en: 'Receiving', span: 4,
    controls: [
      c('BD:DONE', '完成包裹', 'Finish parcel', '等于 Enter', 'same as Enter'),
      c('BD:UNDO', '撤销', 'Undo', '等于 F8', 'same as F8'),
      c('BD:+1', '真有，+1', 'Really one more', '提示“已够”之后', 'after “already…”'),
      c('BD:NO-LABEL', '无面单', 'NO-LABEL', '没有面单的包裹', 'a parcel without a label'),
      c('BD:EXCEPTION', '登记异常', 'Exception', '等于 F6', 'same as F6'),
      c('BD:HOLD', '整包隔离', 'Hold parcel', '等于 F9', 'same as F9'),
      c('BD:RESUME', '恢复收货', 'Resume', '从隔离架取下时', 'off the hold shelf'),
      c('BD:PHOTO', '拍照', 'PHOTO', '等于 F2，拍刚扫的一件', 'same as F2: the last piece'),
      c('BD:EMPTY', '空包裹', 'EMPTY', '拍照、称重之后', 'after photo and weight'),
      c('BD:JUNK', '杂物', 'JUNK', '箱里不是商品', 'rubbish instead of goods'),
      c('BD:UNKNOWN-OWNER', '无主包裹', 'Owner unknown', '认不出是谁的', 'nobody knows whose'),
    ],
  },
  {
    zh: '成色', en: 'Condition', span: 4,
    controls: [
      c('BD:CONDITION:sealed', '未拆封', 'Sealed'),
      c('BD:CONDITION:opened', '已拆封', 'Opened'),
      c('BD:CONDITION:damaged', '破损', 'Damaged', '等于 F4', 'same as F4'),
      c('BD:CONDITION:dirty', '脏污', 'Dirty'),
      c('BD:CONDITION:accessory_missing', '缺配件', 'Part missing'),
      c('BD:CONDITION:counterfeit', '疑似仿品', 'Counterfeit?'),
    ],
  },
  {
    zh: '选择', en: 'Choose', span: 3,
    controls: [1, 2, 3, 4].map((n) => c(`BD:CHOOSE:${n}`, `选 ${n}`, `CHOOSE ${n}`)),
  },
  {
    zh: '收货月台', en: 'Dock', span: 4,
    controls: [
      c('BD:REFUSE:damaged', '拒签 破损', 'Refuse, damaged'),
      c('BD:REFUSE:collect', '拒付到付', 'Refuse collect'),
      c('BD:HAND-BACK:misdelivered', '误投退还', 'Misdelivered'),
      c('BD:COLLECT', '到付', 'Freight collect', '再输金额', 'then type the amount'),
      ...(['sf', 'zto', 'yto', 'sto', 'yunda', 'jt', 'jd', 'ems'] as const).map((x) => c(`BD:CARRIER:${x}`, { sf: '顺丰', zto: '中通', yto: '圆通', sto: '申通', yunda: '韵达', jt: '极兔', jd: '京东', ems: 'EMS' }[x], x.toUpperCase())),
    ],
  },
  {
    zh: '质检台', en: 'QC bench', span: 3,
    controls: [
      c('BD:GRADE:A', '成色 A 如新', 'Grade A as new'),
      c('BD:GRADE:B', '成色 B 次品', 'Grade B second'),
      c('BD:GRADE:C', '成色 C 可修', 'Grade C repair'),
      c('BD:GRADE:D', '成色 D 无价值', 'Grade D worthless'),
      c('BD:RELEASE', '放行', 'Release', '等于 R', 'same as R'),
      c('BD:DISPOSITION:scrap', '报废', 'Scrap', '等于 S', 'same as S'),
    ],
  },
]
