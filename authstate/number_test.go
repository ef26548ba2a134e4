// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"math"
	"strings"
	"testing"
)

// same compares numbers, of which NaN is equal to itself.
func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func TestParseIntReadsTheBeginningOfAText(t *testing.T) {
	for text, want := range map[string]float64{
		"":                     0,
		"0":                    0,
		"-0":                   0,
		"1785585600":           1785585600,
		"12abc":                12,
		"1e3":                  1,
		"1.9":                  1,
		"-5":                   -5,
		"+5":                   5,
		"--5":                  0,
		"- 5":                  0,
		"abc":                  0,
		"NaN":                  0,
		"Infinity":             0,
		"0x10":                 16,
		"0XfF":                 255,
		"-0x10":                -16,
		"0x":                   0,
		"0xg":                  0,
		"0b11":                 0,
		"010":                  10,
		" \t\n\v\f\r7":         7,
		"\u00a0\ufeff7":        7,
		"1_000":                1,
		"١":                    0,
		"9007199254740993":     9007199254740992,
		`"7"`:                  0,
		"18446744073709551616": 18446744073709551616,
	} {
		if got := parseInt(text); !same(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestParseIntOfAMegabyteIsInfinite(t *testing.T) {
	if got := parseInt(strings.Repeat("9", 1<<20)); !math.IsInf(got, 1) {
		t.Errorf("%v", got)
	}
}

func TestToNumberReadsAWholeText(t *testing.T) {
	for text, want := range map[string]float64{
		"":                      0,
		"3":                     3,
		"3.0":                   3,
		"0x3":                   3,
		"0X3":                   3,
		"0b11":                  3,
		"0o3":                   3,
		"003":                   3,
		" 3 ":                   3,
		"\u00a03\ufeff":         3,
		"+3":                    3,
		"3.":                    3,
		".3":                    .3,
		"30e-1":                 3,
		"3e0":                   3,
		"-1":                    -1,
		"3abc":                  0,
		"3 3":                   0,
		"3_0":                   0,
		"+-3":                   0,
		"-0x3":                  0,
		"0x":                    0,
		"0x3g":                  0,
		"0x1p4":                 0,
		"1p4":                   0,
		".":                     0,
		"e5":                    0,
		"NaN":                   0,
		"nan":                   0,
		"inf":                   0,
		"infinity":              0,
		"Infinity":              math.Inf(1),
		"+Infinity":             math.Inf(1),
		"-Infinity":             math.Inf(-1),
		"1e400":                 math.Inf(1),
		"-1e400":                math.Inf(-1),
		"1e-400":                0,
		"true":                  0,
		"null":                  0,
		strings.Repeat("0", 99): 0,
	} {
		if got := toNumber(text); !same(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

func TestNumberTextWritesAsJavaScriptDoes(t *testing.T) {
	for want, number := range map[string]float64{
		"0":                     0,
		"1":                     1,
		"-4":                    -4,
		"2.5":                   2.5,
		"100000000000000000000": 1e20,
		"1e+21":                 1e21,
		"1.5e+300":              1.5e300,
		"-1e+21":                -1e21,
		"0.000001":              1e-6,
		"1e-7":                  1e-7,
		"Infinity":              math.Inf(1),
		"-Infinity":             math.Inf(-1),
	} {
		if got := numberText(number); got != want {
			t.Errorf("%v: %q, want %q", number, got, want)
		}
	}
}
