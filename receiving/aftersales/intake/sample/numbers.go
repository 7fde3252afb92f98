package sample

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/backdock/backdock/receiving/aftersales/intake"
	"github.com/backdock/backdock/scanner/barcode"
)

// digits returns n random digits, the first not zero.
func (b *builder) digits(n int) string {
	var s strings.Builder
	s.WriteByte(byte('1' + b.rng.IntN(9)))
	for range n - 1 {
		s.WriteByte(byte('0' + b.rng.IntN(10)))
	}
	return s.String()
}

// fresh makes numbers until one is new and reads as nothing but what it is: digits alone may pass for a product or a phone.
func (b *builder) fresh(make func() string) string {
	for {
		s := make()
		r := barcode.Read(s, "")
		if b.used[s] || r.GTIN != "" || r.IMEI != "" || r.SSCC != "" {
			continue
		}
		b.used[s] = true
		return s
	}
}

// waybill makes a number as a courier prints it.
func (b *builder) waybill() (carrier, number string) {
	carrier = pick(b, []string{"sf", "sf", "yto", "jt", "zto", "yunda", "sto", "jd", "ems"})
	number = b.fresh(func() string {
		switch carrier {
		case "sf":
			return "SF" + b.digits(13)
		case "yto":
			return "YT" + b.digits(13)
		case "jt":
			return "JT" + b.digits(13)
		case "zto":
			return "7" + strconv.Itoa(b.between(3, 6)) + b.digits(12)
		case "yunda":
			return "43" + b.digits(13)
		case "sto":
			return "77" + b.digits(13)
		case "jd":
			return "JDVB" + b.digits(11)
		}
		return s10("EA" + b.digits(8))
	})
	return carrier, number
}

// s10 completes a postal item number: check digit and country.
func s10(s string) string {
	for d := range 10 {
		if full := fmt.Sprint(s, d, "CN"); barcode.S10(full) {
			return full
		}
	}
	panic("no check digit fits " + s)
}

// orderNumber looks like the shop's channel's.
func (b *builder) orderNumber(shop string) string {
	return b.fresh(func() string {
		switch shop {
		case "CG-JD":
			return "3" + b.digits(11)
		case "QY-PDD":
			return b.o.Now.AddDate(0, 0, -9).Format("060102") + "-" + b.digits(15)
		case "QY-DY":
			return "69" + b.digits(17)
		}
		return "41" + b.digits(17)
	})
}

func (b *builder) caseNumber() string {
	b.serial++
	return fmt.Sprintf("RT-%s-%04d", b.o.Now.In(china).Format("060102"), b.serial)
}

// serialNumber makes one: an IMEI for phones, letters and digits for the rest.
func (b *builder) serialNumber(s intake.SKU) string {
	for {
		n := "CG" + s.Product[3:] + b.digits(10)
		if s.Category == "phone" {
			n = imei("86" + b.digits(12))
		}
		if !b.used[n] {
			b.used[n] = true
			return n
		}
	}
}

// imei completes 14 digits with their Luhn digit.
func imei(s string) string {
	for d := range 10 {
		if full := fmt.Sprint(s, d); isIMEI(full) {
			return full
		}
	}
	panic("no Luhn digit fits " + s)
}

func isIMEI(s string) bool { _, ok := barcode.IMEI(s); return ok }

// element is the GS1 element string of a piece with GTIN and serial, as a DataMatrix on the device holds it.
func element(s intake.SKU, serial string) string { return "010" + gtin(s) + "21" + serial }

var surnames = strings.Split("王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗", " ")
var givens = strings.Split("晓雯 子涵 雨桐 建国 思远 佳怡 浩然 梦瑶 文博 欣妍 志强 若曦 俊杰 诗涵 明轩 雅婷 宇航 静怡 嘉豪 婉清", " ")
var streets = strings.Split("梧桐路 望江街 学府巷 银杏大道 听澜路 云栖街 石桥弄 丰禾路", " ")
var towns = strings.Split("杭州市余杭区 苏州市吴中区 南京市鼓楼区 宁波市鄞州区 上海市青浦区 合肥市蜀山区 无锡市滨湖区 嘉兴市南湖区", " ")

// buyer invents one; 1990000xxxx is nobody's number.
func (b *builder) buyer() intake.Buyer {
	return intake.Buyer{Name: pick(b, surnames) + pick(b, givens), Phone: fmt.Sprintf("1990000%04d", b.rng.IntN(3000)),
		Address: fmt.Sprintf("%s%s%d号%d室", pick(b, towns), pick(b, streets), b.between(1, 260), b.between(101, 2404))}
}
