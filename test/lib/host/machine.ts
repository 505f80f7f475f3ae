// A machine that is not this one: files of /proc, /sys and udev, as text by path.

/** Every path is below the root. */
export const MACHINE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'proc/stat': `cpu  301854 612 111922 8979004 3552 2 3944 0 44 36
cpu0 44490 19 21045 1087069 220 1 3410 0 2 1
cpu1 47869 23 16474 1110787 591 0 46 7 42 35
intr 8885917 17 0 0 0 0 0 0 0 1 79281 0 0
ctxt 38014093
btime 1418183276
processes 26442
procs_running 2
procs_blocked 1
softirq 5057579 250191 1481983 1647 211099 186066 0 1783454 622196 12499 508444
`,
    'proc/meminfo': `MemTotal:       15666184 kB
MemFree:          440324 kB
Active(anon):    2068484 kB
HugePages_Total:       3
Hugepagesize:       2048 kB
Committed_AS:    9007199254740993 kB
`,
    'proc/loadavg': '0.21 0.37 0.39 1/719 19737\n',
    'proc/diskstats': `   1       0 ram0 0 0 0 0 0 0 0 0 0 0 0
   8       0 sda 25354637 34367663 1003346126 18492372 28444756 11134226 505697032 63877960 0 9653880 82621804
   8       1 sda1 250 0 2000 36 0 0 0 0 0 36 36
 253       0 dm-0 59910002 0 1003337218 46229572 39231014 0 505697032 1158557800 0 11325968 1206301256
 259       0 nvme0n1 47114 4 4643973 21650 1078320 43950 39451633 1011053 0 222766 1032546 0 0 0 0
 259       1 nvme0n1p1 1140 0 9370 16 1 0 1 0 0 16 16 0 0 0 0
   8      64 sde 18446744073709551615 0 7 1 0 0 0 0 12 1 1 5 6 7 8 9 1234
`,
    'run/udev/data/b8:0': `S:disk/by-id/ata-Example
E:ID_ATA=1
E:ID_ATA_WRITE_CACHE=1
E:ID_ATA_WRITE_CACHE_ENABLED=0
E:ID_ATA_ROTATION_RATE_RPM=7200
E:ID_MODEL=TOSHIBA_KSDB4U86
E:ID_PATH=pci-0000:3b:00.0-sas-phy7-lun-0
E:ID_REVISION=0102
E:ID_SERIAL_SHORT=2160A0D5FVGG
E:ID_SERIAL=TOSHIBA_2160A0D5FVGG
E:ID_WWN=0x7c72382b8de36a64
G:systemd
`,
    'run/udev/data/b253:0': `E:DM_NAME=nvme0n1_crypt
E:DM_UUID=CRYPT-LUKS2-jolaulot80fy9zsiobkxyxo7y2dqeho2-nvme0n1_crypt
E:DM_VG_NAME=system
E:DM_LV_NAME=root
E:DM_LV_LAYER=
E:ID_FS_TYPE=ext4
E:ID_FS_USAGE=filesystem
E:ID_FS_UUID=3deafd0d-faff-4695-8d15-51061ae1f51b
E:ID_FS_VERSION=1.0
`,
    'proc/net/dev': `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:  435303245 1832522    0    0    0     0          0         0 435303245 1832522    0    0    0     0       0          0
  eth0:68210035552 520993275    1    2    3     4          5         6 9315587528 43451486    7    8    9    10      11         12
`,
    'sys/class/net/eth0/statistics/rx_nohandler': '13\n',
    ...netClass('eth0', { operstate: 'up', flags: '0x1303', speed: '1000', duplex: 'full', ifalias: 'to the "lab"', type: '1' }),
    ...netClass('lo', { operstate: 'unknown', flags: '0x9', type: '772' }),
    'sys/class/net/bonding_masters': 'bond0\n',
    'proc/net/netstat': `TcpExt: SyncookiesSent SyncookiesRecv ListenDrops TCPTimeouts PAWSActive
TcpExt: 1 2 3 4 5
IpExt: InNoRoutes InOctets OutOctets
IpExt: 0 6286396970 2786264347
`,
    'proc/net/snmp': `Ip: Forwarding DefaultTTL InReceives
Ip: 1 64 57740232
Tcp: RtoAlgorithm ActiveOpens PassiveOpens CurrEstab InErrs
Tcp: 1 3556 230 0 5
Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors
Udp: 88542 120 0 53028 9 8
`,
    'proc/net/snmp6': `Ip6InReceives                   \t7
Ip6InOctets                     \t460
Icmp6InMsgs                     \t0
Udp6RcvbufErrors                \t9
`,
    'proc/net/sockstat': `sockets: used 229
TCP: inuse 4 orphan 0 tw 4 alloc 17 mem 1
UDP: inuse 0 mem 2
FRAG: inuse 0 memory 0
`,
    'proc/net/sockstat6': `TCP6: inuse 17
FRAG6: inuse 0 memory 1
`,
    'proc/net/softnet_stat': `00015c73 00020e76 f0000769 00000000 00000000 00000000 00000000 00000000 00000000
01663fb2 00000000 00000109 00000000 00000000 00000000 00000000 00000000 00000000
`,
    'proc/net/udp': `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
    0: 00000000:0016 00000000:0000 0A 00000015:00000010 00:00000000 00000000     0        0 2740 1 ffff88003d3af3c0 0
    1: 0100007F:0035 00000000:0000 07 00000001:0000000A 00:00000000 00000000     0        0 2741 1 ffff88003d3af3c1 0
`,
    'proc/net/udp6': `  sl  local_address remote_address st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
`,
    'proc/net/arp': `IP address       HW type     Flags       HW address            Mask     Device
192.168.1.1      0x1         0x2         cc:aa:dd:ee:aa:bb     *        eth0
192.168.1.2      0x1         0x2         bb:cc:dd:ee:ff:aa     *        eth0
10.0.0.1         0x1         0x2         dd:ee:ff:aa:bb:cc     *        eth1
`,
    'proc/net/stat/nf_conntrack': `entries  clashres found new invalid ignore delete chainlength insert insert_failed drop early_drop icmp_error  expect_new expect_create expect_delete search_restart
00000021  00000000 00000001 00000000 0000000b 0000006a 00000000 00000005 00000000 00000002 00000003 00000000 00000000  00000000 00000000 00000000 00000005
00000021  00000000 0000000a 00000000 00000002 000053d3 00000000 0000000a 00000000 00000004 00000000 00000000 00000000  00000000 00000000 00000000 000000f4
`,
    'proc/sys/net/netfilter/nf_conntrack_count': '123\n',
    'proc/sys/net/netfilter/nf_conntrack_max': '65536\n',
    'proc/sys/fs/file-nr': '1024\t0\t9223372036854775807\n',
    'proc/sys/kernel/random/entropy_avail': '1337\n',
    'proc/sys/kernel/random/poolsize': '4096\n',
    'proc/sys/kernel/ostype': 'Linux\n',
    'proc/sys/kernel/osrelease': '6.1.0-13-amd64\n',
    'proc/sys/kernel/version': '#1 SMP PREEMPT_DYNAMIC Debian 6.1.55-1\n',
    'proc/sys/kernel/hostname': 'workhorse\n',
    'proc/sys/kernel/domainname': '(none)\n',
    'proc/vmstat': `nr_free_pages 977769
pgpgin 7344136
pgpgout 1541180581
pswpin 1476
pgfault 2320168809
pgmajfault 507162
numa_hit 29
oom_kill 0
`,
    'proc/pressure/cpu': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=14036781\n',
    'proc/pressure/io': 'some avg10=0.18 avg60=0.34 avg300=0.10 total=159886802\nfull avg10=0.18 avg60=0.34 avg300=0.10 total=159229614\n',
    'proc/pressure/memory': 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=7\n',
    'proc/1/mounts': `sysfs /sys sysfs rw,nosuid 0 0
/dev/sda3 / ext4 rw,relatime,errors=remount-ro 0 0
/dev/sda3 / ext4 rw,relatime 0 0
//nas/share /no/such\\040share cifs ro,relatime 0 0
tmpfs /dev/shm tmpfs rw 0 0
`,
    'etc/os-release': `PRETTY_NAME="Ubuntu 20.04.2 LTS"
NAME="Ubuntu"
VERSION_ID="20.04"
VERSION="20.04.2 LTS (Focal Fossa)"
ID=ubuntu
ID_LIKE=debian
VERSION_CODENAME=focal
`,
    'sys/devices/system/clocksource/clocksource0/available_clocksource': 'tsc hpet acpi_pm \n',
    'sys/devices/system/clocksource/clocksource0/current_clocksource': 'tsc\n',
    'sys/devices/system/cpu/isolated': '1,3-4\n',
    ...cpuTopology('cpu0', '0', '0', '5', '30'),
    ...cpuTopology('cpu1', '0', '1', '0', '30'),
    ...cpuTopology('cpu2', '1', '0', '40', '6'),
    ...cpuTopology('cpu3', '1', '0', '40', '6'),
  }),
)

function netClass(device: string, more: { [file: string]: string }): { [path: string]: string } {
  const files: { [file: string]: string } = {
    addr_assign_type: '3', address: '01:01:01:01:01:01', broadcast: 'ff:ff:ff:ff:ff:ff', carrier: '1', carrier_changes: '2',
    carrier_down_count: '1', carrier_up_count: '1', dev_id: '0x20', dormant: '1', ifindex: '2', iflink: '2', link_mode: '1',
    mtu: '1500', name_assign_type: '2', netdev_group: '0', tx_queue_len: '1000', ...more,
  }
  return Object.fromEntries(Object.entries(files).map(([file, text]) => [`sys/class/net/${device}/${file}`, `${text}\n`]))
}

function cpuTopology(
  cpu: string, pack: string, core: string, coreCount: string, packCount: string,
): { [path: string]: string } {
  const folder = `sys/devices/system/cpu/${cpu}`
  return {
    [`${folder}/topology/physical_package_id`]: `${pack}\n`,
    [`${folder}/topology/core_id`]: `${core}\n`,
    [`${folder}/thermal_throttle/core_throttle_count`]: `${coreCount}\n`,
    [`${folder}/thermal_throttle/package_throttle_count`]: `${packCount}\n`,
  }
}
