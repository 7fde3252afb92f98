package sticker

import "fmt"

// Control is a control barcode with its words in both languages.
type Control struct{ Data, ZH, EN string }

// Controls are the barcodes of the sheet, in its order. web/src/sheet/controls.ts has the same ones for the sheet of paper; a test compares.
var Controls = []Control{
	{"BD:DONE", "完成包裹", "Finish parcel"},
	{"BD:UNDO", "撤销", "Undo"},
	{"BD:+1", "真有，+1", "Really one more"},
	{"BD:NO-LABEL", "无面单", "NO-LABEL"},
	{"BD:EXCEPTION", "登记异常", "Exception"},
	{"BD:HOLD", "整包隔离", "Hold parcel"},
	{"BD:RESUME", "恢复收货", "Resume"},
	{"BD:PHOTO", "拍照", "PHOTO"},
	{"BD:EMPTY", "空包裹", "EMPTY"},
	{"BD:JUNK", "杂物", "JUNK"},
	{"BD:UNKNOWN-OWNER", "无主包裹", "Owner unknown"},
	{"BD:CONDITION:sealed", "未拆封", "Sealed"},
	{"BD:CONDITION:opened", "已拆封", "Opened"},
	{"BD:CONDITION:damaged", "破损", "Damaged"},
	{"BD:CONDITION:dirty", "脏污", "Dirty"},
	{"BD:CONDITION:accessory_missing", "缺配件", "Part missing"},
	{"BD:CONDITION:counterfeit", "疑似仿品", "Counterfeit?"},
	{"BD:REFUSE:damaged", "拒签 破损", "Refuse, damaged"},
	{"BD:REFUSE:collect", "拒付到付", "Refuse collect"},
	{"BD:HAND-BACK:misdelivered", "误投退还", "Misdelivered"},
	{"BD:COLLECT", "到付", "Freight collect"},
	{"BD:CHOOSE:1", "选 1", "CHOOSE 1"},
	{"BD:CHOOSE:2", "选 2", "CHOOSE 2"},
	{"BD:CHOOSE:3", "选 3", "CHOOSE 3"},
	{"BD:CHOOSE:4", "选 4", "CHOOSE 4"},
	{"BD:GRADE:A", "成色 A 如新", "Grade A as new"},
	{"BD:GRADE:B", "成色 B 次品", "Grade B second"},
	{"BD:GRADE:C", "成色 C 可修", "Grade C repair"},
	{"BD:GRADE:D", "成色 D 无价值", "Grade D worthless"},
	{"BD:RELEASE", "放行", "Release"},
	{"BD:DISPOSITION:scrap", "报废", "Scrap"},
}

// Page lays a control out: Code 128 where its bars stay wide enough, else a DataMatrix.
func (c Control) Page(f Format) (Page, error) {
	if err := f.Check(); err != nil {
		return Page{}, err
	}
	page := f.page()
	big, small := f.dots(nameLine+numberLine), f.dots(codeLine)
	bars := page.Height - f.dots(2*edge+2*gap) - big - small
	s, ok, err := symbol(f, Code128, c.Data, page.Width, bars)
	if err == nil && !ok {
		s, ok, err = symbol(f, DataMatrix, c.Data, page.Width, bars)
	}
	if err != nil {
		return Page{}, err
	}
	if !ok {
		return Page{}, fmt.Errorf("label of %dx%d mm is too small for %s", f.WidthMM, f.HeightMM, c.Data)
	}
	page.Items = append(page.Items, Item{X: (page.Width - s.width()) / 2, Y: f.dots(edge), Symbol: s})
	x, y, width := f.dots(edge), f.dots(edge+gap)+bars, page.Width-f.dots(2*edge)
	line := big
	for measure(c.ZH, line) > width/2 && line > f.dots(nameLine) {
		line--
	}
	zh := measure(c.ZH, line)
	page.text(x, y+big-line, line, width, c.ZH, false)
	page.text(x+zh+f.dots(gap), y+big-f.dots(nameLine), f.dots(nameLine), width-zh-f.dots(gap), c.EN, true)
	page.text(x, y+big+f.dots(gap), small, width, c.Data, false)
	return page, nil
}

// Sheet lays all controls out, a label each.
func Sheet(f Format) ([]Page, error) {
	pages := make([]Page, 0, len(Controls))
	for _, c := range Controls {
		p, err := c.Page(f)
		if err != nil {
			return nil, err
		}
		pages = append(pages, p)
	}
	return pages, nil
}
