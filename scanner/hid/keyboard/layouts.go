package keyboard

// none marks a key that has no character at a level.
const none = '∅'

// tables holds the countries that a scanner can be set to, as their keyboards are printed: the rows from the digits down, a character for each key of rows.
// Where systems differ it is Windows that scanners are made for: dead keys and the characters at AltGr are those of its layouts.
var tables = map[string]table{
	"us": {
		plain: [4]string{"`1234567890-=", `qwertyuiop[]`, `asdfghjkl;'\`, `\zxcvbnm,./`},
		shift: [4]string{"~!@#$%^&*()_+", `QWERTYUIOP{}`, `ASDFGHJKL:"|`, `|ZXCVBNM<>?`},
		point: '.',
	},
	"uk": {
		plain: [4]string{"`1234567890-=", `qwertyuiop[]`, `asdfghjkl;'#`, `\zxcvbnm,./`},
		shift: [4]string{`¬!"£$%^&*()_+`, `QWERTYUIOP{}`, `ASDFGHJKL:@~`, `|ZXCVBNM<>?`},
		altgr: [4]string{`¦∅∅∅€∅∅∅∅∅∅∅∅`, `∅∅é∅∅∅úíó∅∅∅`, `á∅∅∅∅∅∅∅∅∅∅∅`, `∅∅∅∅∅∅∅∅∅∅∅`},
		point: '.',
	},
	"de": {
		plain: [4]string{`^1234567890ß´`, `qwertzuiopü+`, `asdfghjklöä#`, `<yxcvbnm,.-`},
		shift: [4]string{"°!\"§$%&/()=?`", `QWERTZUIOPÜ*`, `ASDFGHJKLÖÄ'`, `>YXCVBNM;:_`},
		altgr: [4]string{`∅∅²³∅∅∅{[]}\∅`, `@∅€∅∅∅∅∅∅∅∅~`, `∅∅∅∅∅∅∅∅∅∅∅∅`, `|∅∅∅∅∅∅µ∅∅∅`},
		dead:  []place{{keyGrave, plain}, {keyEqual, plain}, {keyEqual, shift}},
		point: ',',
	},
	"fr": {
		plain: [4]string{`²&é"'(-è_çà)=`, `azertyuiop^$`, `qsdfghjklmù*`, `<wxcvbn,;:!`},
		shift: [4]string{`~1234567890°+`, `AZERTYUIOP¨£`, `QSDFGHJKLM%µ`, `>WXCVBN?./§`},
		altgr: [4]string{"∅∅~#{[|`\\^@]}", `∅∅€∅∅∅∅∅∅∅∅¤`, `∅∅∅∅∅∅∅∅∅∅∅∅`, `∅∅∅∅∅∅∅∅∅∅∅`},
		dead:  []place{{keyLeftBrace, plain}, {keyLeftBrace, shift}, {key2, altgr}, {key7, altgr}},
		point: '.',
	},
}

// composed lists, by accent, the letters that a dead key makes of the one after it.
var composed = map[rune]string{
	'^': "aâeêiîoôuûAÂEÊIÎOÔUÛ",
	'´': "aáeéiíoóuúyýAÁEÉIÍOÓUÚYÝ",
	'`': "aàeèiìoòuùAÀEÈIÌOÒUÙ",
	'¨': "aäeëiïoöuüyÿAÄEËIÏOÖUÜ",
	'~': "aãnñoõAÃNÑOÕ",
}
