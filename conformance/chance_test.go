// SPDX-License-Identifier: Apache-2.0

//go:build conformance

package conformance

import "math/rand/v2"

// chance decides what a case is made of. Each case has its own, so that it
// comes out the same however many others there are.
type chance struct{ *rand.Rand }

func newChance(seed uint64, id int) chance {
	return chance{rand.New(rand.NewPCG(seed, uint64(id)))}
}

// oneIn is true once in n times.
func (c chance) oneIn(n int) bool { return c.IntN(n) == 0 }

// pick gives one of several values. One that should come more often is
// listed more than once.
func pick[T any](c chance, values ...T) T { return values[c.IntN(len(values))] }

// weighted is something with how often it comes relative to others.
type weighted[T any] struct {
	weight int
	value  T
}

func pickWeighted[T any](c chance, choices []weighted[T]) T {
	total := 0
	for _, choice := range choices {
		total += choice.weight
	}
	n := c.IntN(total)
	for _, choice := range choices {
		if n -= choice.weight; n < 0 {
			return choice.value
		}
	}
	panic("unreachable: the weights were summed up")
}
