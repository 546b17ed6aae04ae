UPDATE leader SET until = 'epoch', holder = '' WHERE one AND term = $1
