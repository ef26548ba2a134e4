// SPDX-License-Identifier: Apache-2.0

// Package guard bounds what the clients of a server can make it ask of an
// upstream, such as Clerk's Backend API: whether a machine's token is known,
// what a handshake's nonce stands for, whether a session can be refreshed.
// Anybody can send such questions, and each of them costs a call that the
// upstream counts against the server.
//
// A Guard belongs to one Clerk instance. Each kind of question has a Memo of
// that Guard, which remembers answers and lets the callers that ask the same
// share one call:
//
//	g := guard.New(guard.Options{})
//	tokens := guard.NewMemo[*Token](g, 10_000)
//	token, err := tokens.Do(ctx, guard.Client(addr), []string{"api_key", secret},
//		func(ctx context.Context) (*Token, time.Duration, error) {
//			token, err := verify(ctx, secret)
//			return token, time.Minute, err
//		})
//	if errors.Is(err, guard.ErrUnavailable) {
//		// Answer 503, with guard.RetryAfter(err).
//	}
//
// A call says by its error what happened: one made by Outage is that the
// upstream did not answer, every other one is its definite refusal.
//
// # What holds
//
//   - Over all kinds, no more than Options.Concurrent calls are under way and
//     no more than Options.Waiting wait. This bounds the goroutines, too: there
//     is one for each of those, and none when nothing is asked.
//   - One address causes at most 20 refusals at once and 20 more a minute, and
//     never has more calls waiting or under way than it has failures left. So
//     it does not fill a Guard of 64 calls. Good answers and outages cost
//     nothing; a call that panics does cost.
//   - Whoever gives up pays all the same, once the call is under way.
//   - An address is remembered only while its budget is not full again, which
//     takes three seconds for each failure. Remembering 16,384 of them takes
//     more than 5,000 refusals a second, which 64 calls at once reach only when
//     each ends within 12 ms. Beyond that the address is forgotten whose budget
//     is nearest to full, so an attacker regains its failures only by spending
//     as many from each of 16,384 other addresses within the same minute.
//   - Clients without an address share one budget of 200 a minute.
//   - Refusals never push a good answer out of a Memo: each has room of its own.
//   - Good answers are given for as long as they live, whatever the upstream,
//     the limits and the client's budget are like.
//
// What does not hold: an attacker with many addresses can take all calls from
// clients whose answers are not remembered, and who can make the upstream fail
// by what is asked can open the breaker. A call must therefore report as an
// outage only what the upstream answers regardless of the question.
package guard
