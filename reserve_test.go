// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"math"
	"testing"
)

func TestMemoryIsReservedWhereThereIsEnough(t *testing.T) {
	for name, test := range map[string]struct {
		percentage string
		limit      int64
		want       bool
	}{
		"by default":             {"", math.MaxInt64, true},
		"with just enough":       {"", 256 << 20, true},
		"with less":              {"", 256<<20 - 1, false},
		"with a percentage":      {"100", math.MaxInt64, false},
		"without the collector":  {"off", math.MaxInt64, false},
		"with both, and no room": {"50", 64 << 20, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := mayReserve(test.percentage, test.limit); got != test.want {
				t.Errorf("expected %t, got %t", test.want, got)
			}
		})
	}
}
