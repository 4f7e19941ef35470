using Caisson.Machines;
using Caisson.Protocol;
using CsCheck;

namespace Caisson.Machines.Tests;

public sealed class AdmissionTests
{
    private static readonly Gen<WorkspaceState> States = OneOf(Enum.GetValues<WorkspaceState>());
    private static readonly Gen<RequestKind> Requests = OneOf(Enum.GetValues<RequestKind>());

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    [Fact]
    public void Every_denial_has_a_sentence_that_names_the_workspace() =>
        Gen.Select(States, Requests).Sample((state, request) =>
        {
            var decision = AdmissionRules.Decide(state, request);
            return decision is Admission.Admitted or Admission.AlreadySo
                || AdmissionRules.Explain(decision, Specs.Managed, request) is var text && text.Contains("workspace work", StringComparison.Ordinal) && text.EndsWith('.');
        });

    [Fact]
    public void A_stop_is_never_denied_once_a_machine_runs() =>
        States.Where(state => state is not (WorkspaceState.Starting or WorkspaceState.Suspending))
            .Sample(state => AdmissionRules.Decide(state, RequestKind.Stop) is Admission.Admitted or Admission.AlreadySo);

    [Fact]
    public void No_sequence_of_requests_ever_runs_two_processes() =>
        Gen.Select(Requests, Gen.Bool).Array[0, 200].Sample(steps =>
        {
            var model = new Model();
            foreach (var (request, processEvent) in steps)
            {
                model.Step(request, processEvent);
            }

            return model.MostProcesses <= 1;
        });

    [Fact]
    public void Nothing_but_a_start_makes_a_stopped_machine_run() =>
        Gen.Select(OneOf(WorkspaceState.Stopped, WorkspaceState.Failed, WorkspaceState.Suspended), Requests)
            .Sample((state, request) => (AdmissionRules.Decide(state, request) is Admission.Admitted) == (request is RequestKind.Start or RequestKind.Restart));

    [Fact]
    public void Whatever_needs_the_monitor_is_admitted_only_while_there_is_one() =>
        Gen.Select(States, OneOf(RequestKind.Screenshot, RequestKind.MoveOsDisk, RequestKind.Suspend)).Sample((state, request) =>
            AdmissionRules.Decide(state, request) is not Admission.Admitted
            || state is WorkspaceState.Running or WorkspaceState.Paused or WorkspaceState.WaitingForDisk);

    [Fact]
    public void Only_a_running_machine_is_suspended_and_while_it_is_nothing_else_is_done() =>
        Gen.Select(States, Requests).Sample((state, request) =>
            (AdmissionRules.Decide(state, RequestKind.Suspend) is Admission.Admitted) == (state is WorkspaceState.Running)
            && AdmissionRules.Decide(WorkspaceState.Suspending, request) is Admission.DeniedSuspending);

    /// <summary>The machine as the table sees it: processes start and end, everything between is a state.</summary>
    private sealed class Model
    {
        private WorkspaceState _state = WorkspaceState.Stopped;
        private bool _restart;
        private int _processes;

        public int MostProcesses { get; private set; }

        public void Step(RequestKind request, bool processEvent)
        {
            if (processEvent)
            {
                Happen();
            }

            if (AdmissionRules.Decide(_state, request) is not Admission.Admitted)
            {
                return;
            }

            switch (request)
            {
                case RequestKind.Start or RequestKind.Restart when _state is WorkspaceState.Stopped or WorkspaceState.Failed or WorkspaceState.Suspended:
                    Start();
                    break;
                case RequestKind.Start:
                    Start();
                    break;
                case RequestKind.Stop or RequestKind.Restart:
                    _restart = request is RequestKind.Restart || _restart;
                    _state = WorkspaceState.Stopping;
                    break;
                case RequestKind.Suspend:
                    _state = WorkspaceState.Suspending;
                    break;
            }
        }

        private void Happen()
        {
            switch (_state)
            {
                case WorkspaceState.Starting:
                    _state = WorkspaceState.Running;
                    break;
                case WorkspaceState.Running:
                    _state = WorkspaceState.WaitingForDisk;
                    break;
                case WorkspaceState.Suspending:
                    _processes--;
                    _state = WorkspaceState.Suspended;
                    break;
                case WorkspaceState.Stopping:
                    _processes--;
                    _state = WorkspaceState.Stopped;
                    if (_restart)
                    {
                        _restart = false;
                        Start();
                    }

                    break;
                case WorkspaceState.WaitingForDisk or WorkspaceState.Paused:
                    _processes--;
                    _state = WorkspaceState.Failed;
                    break;
            }
        }

        private void Start()
        {
            _processes++;
            MostProcesses = Math.Max(MostProcesses, _processes);
            _state = WorkspaceState.Starting;
        }
    }
}
