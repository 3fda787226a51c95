"""Writes scipy.json: values of scipy and numpy that tests/measure/statistics compares with. Run: python scipy_fixture.py > scipy.json"""
import numpy as np, json, scipy
from scipy import stats
rng=np.random.default_rng(7)
a=[round(float(x),4) for x in np.exp(rng.normal(1,0.1,10))]
b=[round(float(x),4) for x in np.exp(rng.normal(1.2,0.1,10))]
l=np.log(a); 
def ci(x,c):
    r=stats.t.interval(c,len(x)-1,loc=np.mean(x),scale=stats.sem(x)); return [float(np.exp(r[0])),float(np.exp(r[1]))]
r=np.log(np.array(b)/np.array(a))
ttest=stats.ttest_rel(np.log(b),np.log(a))
ci2=ttest.confidence_interval(0.99)
base=a[:5]; cur=[x*1.12 for x in b[:3]]
g=stats.ttest_ind(np.log(cur), np.log(base)+np.log(1.1), equal_var=True, alternative='greater')
out=dict(scipy=scipy.__version__,numpy=np.__version__,a=a,b=b,
 quantiles={str(p):float(np.quantile(a,p)) for p in (0,0.1,0.25,0.5,0.9,0.99,1)},
 mad=float(stats.median_abs_deviation(a)), sd=float(np.std(a,ddof=1)),
 t=[[p,df,float(stats.t.isf(p,df))] for p in (0.4,0.1,0.05,0.025,0.005,0.0005,0.025/36) for df in (1,2,4,9,30,200)],
 tail=[[t,df,float(stats.t.sf(t,df))] for t in (-3,-0.5,0,0.3,1,2.5,8,40) for df in (1,3,9,100)],
 block={str(c):[float(np.exp(l.mean())),*ci(l,c)] for c in (0.95,0.99)},
 ratio={'value':float(np.exp(r.mean())),'0.95':ci(r,0.95),'0.99':[float(np.exp(ci2.low)),float(np.exp(ci2.high))]},
 gate=dict(baseline=base,current=cur,limit=0.1,pvalue=float(g.pvalue),lower=float(np.exp(g.confidence_interval(0.96).low)*1.1)))
print(json.dumps(out,indent=1))
