# Completion of solder for fish. Generated from the declarations, as 'solder completion fish' prints it. Do not edit.

# Whether the command line is that of the command named.
function __solder_at --argument-names name
    set -l typed (commandline -opc)
    set -l found "$typed[2]"
    contains -- "$typed[2] $typed[3]" 'scrape host'; and set found "$typed[2] $typed[3]"
    test "$found" = "$name"
end

# Whether only the verb stands there, and is this one.
function __solder_verb --argument-names verb
    set -l typed (commandline -opc)
    test (count $typed) -eq 2; and test "$typed[2]" = "$verb"
end

complete -c solder -f
complete -c solder -n '__solder_at ""' -a relabel -d 'rewrite, keep or drop records by their labels, with Prometheus relabel rules'
complete -c solder -n '__solder_at ""' -a scrape -d 'host'
complete -c solder -n '__solder_verb scrape' -a host -d 'read the machine\'s own metrics from /proc and /sys'
complete -c solder -n '__solder_at ""' -a view -d 'show records to people'
complete -c solder -n '__solder_at ""' -a list -d 'list the commands'
complete -c solder -n '__solder_at ""' -a schema -d 'print the JSON Schema of the options of every stage'
complete -c solder -n '__solder_at ""' -a completion -d 'print the completion script of a shell'
complete -c solder -n '__solder_at "relabel"' -l keep -x -d 'keep only records whose label matches; LABEL,LABEL joins values with ;'
complete -c solder -n '__solder_at "relabel"' -l drop -x -d 'drop records whose label matches; LABEL,LABEL joins values with ;'
complete -c solder -n '__solder_at "relabel"' -l set -x -d 'set a label; ${other} is the value of another, $$ a dollar sign, empty removes it'
complete -c solder -n '__solder_at "relabel"' -l rename -x -d 'give a label another name'
complete -c solder -n '__solder_at "relabel"' -l labeldrop -x -d 'remove labels whose name matches; the name of a metric stays'
complete -c solder -n '__solder_at "relabel"' -l labelkeep -x -d 'remove labels whose name does not match; the name of a metric stays'
complete -c solder -n '__solder_at "relabel"' -l name-validation-scheme -x -a 'utf8 legacy' -d 'which label names are valid: any UTF-8 text, or letters, digits and underscores'
complete -c solder -n '__solder_at "relabel"' -l on-bad -x -a 'drop fail pass' -d 'what to do with a record that cannot be taken: drop it, fail, or pass it on as it is'
complete -c solder -n '__solder_at "relabel"' -l dead-letter -r -F -d 'append every rejected record to this file, with the reason'
complete -c solder -n '__solder_at "relabel"' -l ledger -d 'write the account (in, made, out, dropped by reason, pending) to stderr at the end and on SIGUSR1'
complete -c solder -n '__solder_at "relabel"' -l log-level -x -a 'debug info warn error' -d 'least severe events to log on stderr'
complete -c solder -n '__solder_at "relabel"' -l log-format -x -a 'text json' -d 'form of the log'
complete -c solder -n '__solder_at "relabel"' -l max-line-bytes -x -d 'longest line accepted on stdin'
complete -c solder -n '__solder_at "relabel"' -l max-depth -x -d 'deepest nesting accepted in a record'
complete -c solder -n '__solder_at "relabel"' -l max-identities -x -d 'identities remembered; those unseen for longest are forgotten first'
complete -c solder -n '__solder_at "relabel"' -l help -d 'tell about this command'
complete -c solder -n '__solder_at "scrape host"' -l every -x -d 'time between readings'
complete -c solder -n '__solder_at "scrape host"' -l once -d 'read once and end'
complete -c solder -n '__solder_at "scrape host"' -l job -x -d 'value of the label \'job\''
complete -c solder -n '__solder_at "scrape host"' -l instance -x -d 'value of the label \'instance\'; the host\'s name if absent'
complete -c solder -n '__solder_at "scrape host"' -l label -x -d 'label that every series gets'
complete -c solder -n '__solder_at "scrape host"' -l collector -x -d 'only this collector, e.g. cpu; all of them if absent'
complete -c solder -n '__solder_at "scrape host"' -l root -r -F -d 'root of the machine to read'
complete -c solder -n '__solder_at "scrape host"' -l proc -r -F -d 'its /proc, if not below the root'
complete -c solder -n '__solder_at "scrape host"' -l sys -r -F -d 'its /sys, if not below the root'
complete -c solder -n '__solder_at "scrape host"' -l disk-exclude -x -d 'disks to leave out, a regular expression'
complete -c solder -n '__solder_at "scrape host"' -l net-exclude -x -d 'network devices to leave out of netdev'
complete -c solder -n '__solder_at "scrape host"' -l mount-exclude -x -d 'mount points to leave out'
complete -c solder -n '__solder_at "scrape host"' -l fs-type-exclude -x -d 'types of file systems to leave out'
complete -c solder -n '__solder_at "scrape host"' -l mount-timeout -x -d 'time that a file system has to tell its space before it counts as broken'
complete -c solder -n '__solder_at "scrape host"' -l on-bad -x -a 'drop fail pass' -d 'what to do with a record that cannot be taken: drop it, fail, or pass it on as it is'
complete -c solder -n '__solder_at "scrape host"' -l dead-letter -r -F -d 'append every rejected record to this file, with the reason'
complete -c solder -n '__solder_at "scrape host"' -l ledger -d 'write the account (in, made, out, dropped by reason, pending) to stderr at the end and on SIGUSR1'
complete -c solder -n '__solder_at "scrape host"' -l log-level -x -a 'debug info warn error' -d 'least severe events to log on stderr'
complete -c solder -n '__solder_at "scrape host"' -l log-format -x -a 'text json' -d 'form of the log'
complete -c solder -n '__solder_at "scrape host"' -l help -d 'tell about this command'
complete -c solder -n '__solder_at "view"' -l on-bad -x -a 'drop fail pass' -d 'what to do with a record that cannot be taken: drop it, fail, or pass it on as it is'
complete -c solder -n '__solder_at "view"' -l dead-letter -r -F -d 'append every rejected record to this file, with the reason'
complete -c solder -n '__solder_at "view"' -l ledger -d 'write the account (in, made, out, dropped by reason, pending) to stderr at the end and on SIGUSR1'
complete -c solder -n '__solder_at "view"' -l log-level -x -a 'debug info warn error' -d 'least severe events to log on stderr'
complete -c solder -n '__solder_at "view"' -l log-format -x -a 'text json' -d 'form of the log'
complete -c solder -n '__solder_at "view"' -l max-line-bytes -x -d 'longest line accepted on stdin'
complete -c solder -n '__solder_at "view"' -l max-depth -x -d 'deepest nesting accepted in a record'
complete -c solder -n '__solder_at "view"' -l max-identities -x -d 'identities remembered; those unseen for longest are forgotten first'
complete -c solder -n '__solder_at "view"' -l help -d 'tell about this command'
complete -c solder -n '__solder_at "list"' -l json -d 'print the declarations as JSON'
complete -c solder -n '__solder_at "list"' -l help -d 'tell about this command'
complete -c solder -n '__solder_at "schema"' -l help -d 'tell about this command'
complete -c solder -n '__solder_at "completion"' -a 'bash zsh fish'
complete -c solder -n '__solder_at "completion"' -l help -d 'tell about this command'
