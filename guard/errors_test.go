// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/guard"
)

func TestErrorsTellWhetherAndWhenToComeAgain(t *testing.T) {
	for name, test := range map[string]struct {
		err         error
		unavailable bool
		retryAfter  time.Duration
	}{
		"busy":            {guard.ErrBusy, true, time.Second},
		"open":            {guard.ErrOpen, true, time.Second},
		"budget":          {guard.ErrBudget, true, time.Second},
		"an outage":       {guard.Outage(errDown, 0), true, time.Second},
		"a longer one":    {guard.Outage(errDown, 2*time.Second+1), true, 3 * time.Second},
		"a short one":     {guard.Outage(errDown, 1), true, time.Second},
		"a very long one": {guard.Outage(errDown, time.Hour), true, time.Minute},
		"a wrapped one":   {fmt.Errorf("asking: %w", guard.Outage(errDown, time.Minute)), true, time.Minute},
		"of nothing":      {guard.Outage(nil, 0), true, time.Second},
		"a refusal":       {errUnknown, false, 0},
		"a context's":     {context.Canceled, false, 0},
		"none":            {nil, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := errors.Is(test.err, guard.ErrUnavailable); got != test.unavailable {
				t.Errorf("expected %t, got %t", test.unavailable, got)
			}
			if got := guard.RetryAfter(test.err); got != test.retryAfter {
				t.Errorf("expected %s, got %s", test.retryAfter, got)
			}
		})
	}
}

func TestAnOutageKeepsItsCause(t *testing.T) {
	err := guard.Outage(errDown, 1500*time.Millisecond)
	if !errors.Is(err, errDown) || !strings.Contains(err.Error(), "connection refused; retry after 1.5s") {
		t.Errorf("expected the cause and the pause, got %v", err)
	}
	if err = guard.Outage(errDown, 0); err.Error() != errDown.Error() {
		t.Errorf("expected the cause alone, got %v", err)
	}
}
