// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"math"
	"strconv"
	"strings"
)

// Clerk's cookies hold numbers that its SDK reads with JavaScript's two ways
// of doing so. Whoever decides differently on "12abc" decides differently
// from Clerk, so both are followed here (ECMA-262, sections 19.2.5 and
// 7.1.4.1).

const jsSpace = " \t\n\v\f\r\u00a0\ufeff"

// parseInt reads the number that a text begins with; zero if there is none.
func parseInt(text string) float64 {
	text = strings.TrimLeft(text, jsSpace)
	sign := 1.0
	if text != "" && (text[0] == '-' || text[0] == '+') {
		if text[0] == '-' {
			sign = -1
		}
		text = text[1:]
	}
	base := 10
	if len(text) > 1 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') {
		base, text = 16, text[2:]
	}
	value := 0.0
	for i := range len(text) {
		digit := digitOf(text[i])
		// More digits than fit change nothing, and a client can send many.
		if digit >= base || math.IsInf(value, 0) {
			break
		}
		value = value*float64(base) + float64(digit)
	}
	return sign * value
}

// digitOf gives the value of a hexadecimal digit, and one that no base has for
// what is none.
func digitOf(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	default:
		return math.MaxInt
	}
}

// toNumber reads a text that is a number as a whole; zero if it is none.
func toNumber(text string) float64 {
	text = strings.Trim(text, jsSpace)
	if len(text) > 2 && text[0] == '0' {
		if base := map[byte]int{'x': 16, 'X': 16, 'o': 8, 'O': 8, 'b': 2, 'B': 2}[text[1]]; base != 0 {
			value, err := strconv.ParseUint(text[2:], base, 64)
			if err != nil {
				return 0
			}
			return float64(value)
		}
	}
	switch text {
	case "Infinity", "+Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	if strings.Trim(text, "0123456789+-.eE") != "" {
		return 0
	}
	// An exponent too large gives an infinity along with the error, which is
	// what JavaScript reads too.
	value, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(value, 0) {
		return 0
	}
	return value
}

// numberText writes a number as JavaScript does.
func numberText(n float64) string {
	switch {
	case math.IsInf(n, 1):
		return "Infinity"
	case math.IsInf(n, -1):
		return "-Infinity"
	case math.Abs(n) >= 1e21 || (n != 0 && math.Abs(n) < 1e-6):
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(n, 'e', -1, 64), "e")
		return mantissa + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0")
	default:
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
}
