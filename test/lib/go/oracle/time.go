// Prints what Go's time package makes of layouts and texts, one JSON array a line: `go run test/lib/go/oracle/time.go > test/lib/go/time.ndjson`.
package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"time"
	_ "time/tzdata"
)

var layouts = []string{
	time.ANSIC, time.UnixDate, time.RubyDate, time.RFC822, time.RFC822Z, time.RFC850, time.RFC1123, time.RFC1123Z, time.RFC3339,
	time.RFC3339Nano, time.Kitchen, time.Stamp, time.StampMilli, time.StampMicro, time.StampNano, time.DateTime, time.DateOnly,
	time.Layout, "2006-01-02 15:04:05,000", "2006-01-02 15:04:05.000 -0700", "02/Jan/2006:15:04:05 -0700", "Jan _2 15:04:05",
	"January 2, 2006 at 3:04pm (MST)", "20060102T150405Z0700", "2006/002 15h04", "__2 2006 3:4:5 PM", "06 Jan 02 15:04:05",
	"Monday, 2 January 06", "2006-01-02T15:04:05.999Z07", "2006-01-02T15:04:05Z07:00:00", "2006-01-02 15:04:05 -07",
	"2006-01-02 15:04:05 -070000", "2006-01-02 15:04:05 -07:00", "15:04:05,999999", "1/2/2006 03:04:05 PM", "2006_2_1", "_2006",
	"Janu 2", "Mond 2", "  2006   01", "2006-01-02T15:04:05.000000000Z0700", ".00 2006", "2006-01-02 24", "05.99", "3PM", "002", "Z070000 2006",
	"2006-01-02 15:04:05 MST", "2006-01-02 15:04:05 -0700 MST", "", "no element: ", "2006-01-02T15:04:05 Z",
}

var locations = []string{"", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "Europe/London", "America/St_Johns", "Pacific/Auckland"}

var odd = []string{
	"2024-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2024-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z",
	"2024-01-01T24:00:00Z", "2024-01-01T23:60:00Z", "2024-01-01T23:59:60Z", "2024-01-01T00:00:00+24:00", "2024-01-01T00:00:00+25:00",
	"2024-01-01T00:00:00+23:61", "2024-01-01T00:00:00.1234567891Z", "2024-01-01T00:00:00,5Z", "2024-01-01T00:00:00.Z", "2024-01-01t00:00:00z",
	"2024-01-01T00:00:00", "2024-01-01T00:00:00Z ", " 2024-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z",
	"2024-1-01T00:00:00Z", "2024-01-01T0:00:00Z", "2024-01-01T00:00:00-00:00", "2024-01-01T00:00:00*01:00", "2024-01-01T00:00:00+0100", "",
}

var pairs = [][2]string{
	{"2006-01-02 15:04:05 MST", "2024-07-01 12:00:00 CEST"}, {"2006-01-02 15:04:05 MST", "2024-07-01 12:00:00 EST"},
	{"2006-01-02 15:04:05 MST", "2024-07-01 12:00:00 EDT"}, {"2006-01-02 15:04:05 MST", "2024-01-01 12:00:00 BST"},
	{"2006-01-02 15:04:05 MST", "2024-01-01 12:00:00 GMT+3"}, {"2006-01-02 15:04:05 MST", "2024-01-01 12:00:00 GMT-11"},
	{"2006-01-02 15:04:05 MST", "2024-01-01 12:00:00 GMT+24"}, {"2006-01-02 15:04:05 MST", "2024-01-01 12:00:00 +03"},
	{"2006-01-02 15:04:05 MST", "2024-01-01 12:00:00 ABCDEF"}, {"2006-01-02 15:04:05 MST", "2024-01-01 12:00:00 ABCDT"},
	{"2006-01-02 15:04:05 MST", "2024-01-01 12:00:00 ABCD"}, {"2006-01-02 15:04:05 MST", "2024-01-01 12:00:00 WITA"},
	{"2006-01-02 15:04:05 MST", "2024-01-01 12:00:00 ChST"}, {"2006-01-02 15:04:05 MST", "2024-01-01 12:00:00 utc"},
	{"2006-01-02 15:04:05 -0700 MST", "2024-07-01 12:00:00 +0200 CEST"}, {"2006-01-02 15:04:05", "2024-03-31 02:30:00"},
	{"2006-01-02 15:04:05", "2024-10-27 02:30:00"}, {"2006-01-02 15:04:05", "2024-03-10 02:30:00"}, {"2006-01-02 15:04:05", "2024-11-03 01:30:00"},
	{"2006-01-02 15:04:05", "2024-03-31 01:30:00"}, {"2006-01-02 15:04:05", "2024-10-27 01:30:00"}, {"2006-01-02 15:04:05", "2024-04-07 01:45:00"},
	{"2006-01-02 15:04:05", "2024-10-06 02:15:00"}, {"2006-01-02 15:04:05", "1900-01-01 00:00:00"}, {"2006-01-02 15:04:05", "2050-07-01 00:00:00"},
	{"2006 002", "2023 366"}, {"2006 002", "2024 366"}, {"2006 002", "2024 060"}, {"2006 002", "2023 060"}, {"2006 002", "2023 000"},
	{"2006-01-02 002", "2024-02-29 060"}, {"2006-01-02 002", "2024-03-01 060"}, {"2006-01-02 002", "2024-02-28 060"},
	{"3:04 PM", "12:30 AM"}, {"3:04 PM", "12:30 PM"}, {"3:04 PM", "0:30 PM"}, {"3:04 PM", "13:30 PM"}, {"3:04 PM", "1:30 pm"}, {"3:04pm", "1:30am"},
	{"Jan 2", "fEb 3"}, {"January 2", "Febuary 3"}, {"Mon 2", "TUE 3"}, {"Jan _2", "Jan  3"}, {"Jan _2", "Jan   3"}, {"Jan 2", "Jan  3"}, {"a  b 2", "a b 2"},
	{"2 ", "2"}, {"2 x", "2"}, {"06", "69"}, {"06", "68"}, {"06", "6"}, {"2006", "206"}, {"2006", "+206"}, {"5.000", "5.12"}, {"5.000", "5.1234"}, {"5.999", "5.1234"},
	{"5,000", "5.123"}, {"5.000", "5,123"}, {"5 .000", "5.5 .123"}, {"4", "4.5"}, {"2", "32"}, {"Jan 2", "Feb 29"}, {"Jan 2 2006", "Feb 29 2023"},
}

func main() {
	random := rand.New(rand.NewSource(1))
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	parse := func(layout, text, location string) {
		zone, err := time.LoadLocation(location)
		if err != nil {
			panic(err)
		}
		t, err := time.ParseInLocation(layout, text, zone)
		if err != nil {
			out.Encode([]any{layout, text, location, err.Error()})
			return
		}
		_, offset := t.Zone()
		out.Encode([]any{layout, text, location, t.Unix(), t.Nanosecond(), offset, t.Format(layout)})
	}
	for _, layout := range layouts {
		for i := 0; i < 14; i++ {
			location := locations[random.Intn(len(locations))]
			zone, _ := time.LoadLocation(location)
			seconds := int64(4e7) + random.Int63n(4e9)
			nanos := random.Int63n(1e9)
			switch i % 3 {
			case 0:
				nanos = 0
			case 1:
				nanos -= nanos % 1e6
			}
			text := time.Unix(seconds, nanos).In(zone).Format(layout)
			switch {
			case i > 10 && len(text) > 0:
				at := random.Intn(len(text))
				text = text[:at] + string("0 9:Zxy"[random.Intn(7)]) + text[at+1:]
			case i == 10 && len(text) > 0:
				text = text[:random.Intn(len(text))]
			case i == 9:
				text = strings.ToLower(text) + fmt.Sprint(i)
			}
			parse(layout, text, location)
		}
	}
	for _, text := range odd {
		parse(time.RFC3339, text, "")
		parse(time.RFC3339Nano, text, "Europe/Berlin")
	}
	for _, pair := range pairs {
		for _, location := range []string{"", "America/New_York", "Europe/Berlin", "Europe/London", "Australia/Lord_Howe"} {
			parse(pair[0], pair[1], location)
		}
	}
}
