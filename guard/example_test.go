// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/caddy-clerk/caddy-clerk/guard"
)

// An API key is asked about once a minute, however often it comes.
func Example() {
	g := guard.New(guard.Options{})
	keys := guard.NewMemo[string](g, 10_000)

	verify := func(_ context.Context, secret string) (subject string, err error) {
		fmt.Println("asking Clerk")
		if secret != "ak_good" {
			return "", errors.New("the API key is unknown")
		}
		return "user_123", nil
	}
	status := func(remote netip.AddrPort, secret string) int {
		_, err := keys.Do(context.Background(), guard.Client(remote.Addr()), []string{secret},
			func(ctx context.Context) (string, time.Duration, error) {
				subject, err := verify(ctx, secret)
				return subject, time.Minute, err
			})
		switch {
		case errors.Is(err, guard.ErrUnavailable):
			return http.StatusServiceUnavailable
		case err != nil:
			return http.StatusUnauthorized
		}
		return http.StatusOK
	}

	client := netip.MustParseAddrPort("192.0.2.1:4711")
	for _, secret := range []string{"ak_good", "ak_good", "ak_bad", "ak_bad"} {
		fmt.Println(status(client, secret))
	}
	// Output:
	// asking Clerk
	// 200
	// 200
	// asking Clerk
	// 401
	// 401
}

// What the upstream answers whatever the question is an outage, and opens the
// breaker; with a pause that it asks for, at once.
func ExampleOutage() {
	g := guard.New(guard.Options{})
	nonces := guard.NewMemo[string](g, 1000)
	_, err := nonces.Do(context.Background(), "192.0.2.1", []string{"nonce"},
		func(context.Context) (string, time.Duration, error) {
			return "", 0, guard.Outage(errors.New("HTTP status 429"), 5*time.Second)
		})
	fmt.Println(errors.Is(err, guard.ErrUnavailable), guard.RetryAfter(err), g.Status().Breaker)
	// Output: true 5s open
}
